"""A task becomes an outcome: fetched, computed, published in one step; whatever goes wrong is an outcome too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from icestream_core import naming
from icestream_core.message import decode, encode
from icestream_runtime.metrics import FETCHED, Metrics
from icestream_runtime.storage import Storage
from icestream_worker.child import Limits
from icestream_worker.children import InlineChildren
from icestream_worker.compute_child import Job
from icestream_worker.faults import Answer
from icestream_worker.handle import Handler
from worker.tasks import count_granule, handling, load_tally, task_of


class Counting(InlineChildren):
    """Computes, and counts how often."""

    computed = 0

    def compute(self, job: Job, limits: Limits) -> Answer:
        self.computed += 1
        return super().compute(job, limits)


@pytest.fixture
def children() -> Counting:
    return Counting(load_tally())


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def handler(storage: Storage, children: Counting, metrics: Metrics) -> Handler:
    with handling(storage, children, metrics) as handler:
        yield handler


def test_a_task_is_made_published_and_answered(handler: Handler, metrics: Metrics, tmp_path: Path) -> None:
    granule = count_granule(tmp_path, 3)
    task = task_of("tally-square", granule)
    outcome = handler.handle(task)
    assert (outcome.status, outcome.reason, outcome.adopted) == ("made", "", False)
    assert outcome.manifest is not None
    assert outcome.manifest.href == str(tmp_path / "out" / naming.store_path(task.slot, task.inputs_hash))
    assert {file.role for file in outcome.manifest.files} >= {"data", "stac"}
    assert all(Path(outcome.manifest.href, file.name).stat().st_size == file.size for file in outcome.manifest.files)
    assert {"fetch", "open", "compute", "write", "publish", "total", "arrival"} <= outcome.seconds.keys()
    assert outcome.valid == {"square": 1.0}
    assert (outcome.token, outcome.inputs_hash, outcome.worker) == (task.token, task.inputs_hash, "test")
    assert metrics.value(FETCHED, collection="count") == granule.assets[0].size


def test_an_outcome_travels(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("tally-square", count_granule(tmp_path, 3)))
    assert decode(encode(outcome)) == outcome


def test_what_is_published_already_is_adopted_and_not_computed(
    handler: Handler, children: Counting, tmp_path: Path
) -> None:
    granule = count_granule(tmp_path, 3)
    first = handler.handle(task_of("tally-square", granule))
    Path(granule.assets[0].href).unlink()
    again = handler.handle(task_of("tally-square", granule, token="ab" * 8))
    assert (again.status, again.adopted, again.token) == ("made", True, "ab" * 8)
    assert again.manifest == first.manifest
    assert children.computed == 1


def test_a_void_product_is_an_answer_with_its_reason(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("tally-nothing", count_granule(tmp_path, 3)))
    assert (outcome.status, outcome.reason, outcome.fault) == ("void", "this product does nothing", "")
    assert outcome.manifest is None


def test_a_wrong_checksum_is_the_fault_of_the_granule_and_names_it(
    handler: Handler, children: Counting, tmp_path: Path
) -> None:
    granule = count_granule(tmp_path, 3)
    Path(granule.assets[0].href).write_text("4\n")
    outcome = handler.handle(task_of("tally-square", granule))
    assert (outcome.status, outcome.fault) == ("failed", "granule")
    assert (outcome.granule_id, outcome.granule_checksum) == (granule.granule_id, granule.checksum)
    assert granule.checksum in outcome.reason
    assert children.computed == 0


def test_a_granule_that_cannot_be_read_is_at_fault(handler: Handler, tmp_path: Path) -> None:
    granule = count_granule(tmp_path, "ice")
    outcome = handler.handle(task_of("tally-square", granule))
    assert (outcome.status, outcome.fault, outcome.granule_id) == ("failed", "granule", granule.granule_id)
    assert "holds no number" in outcome.reason


def test_a_file_that_is_away_is_the_fault_of_the_storage(handler: Handler, tmp_path: Path) -> None:
    granule = count_granule(tmp_path, 3)
    Path(granule.assets[0].href).unlink()
    outcome = handler.handle(task_of("tally-square", granule))
    assert (outcome.status, outcome.fault, outcome.granule_id) == ("failed", "storage", "")


def test_an_error_of_the_product_comes_with_its_traceback(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("tally-stumble", count_granule(tmp_path, 3, collection="stumble")))
    assert (outcome.status, outcome.fault) == ("failed", "product")
    assert outcome.reason == "ZeroDivisionError: the product stumbled"
    assert "in stumble" in outcome.traceback


def test_a_product_that_is_not_made_here_fails_with_what_is(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("sea-ice", count_granule(tmp_path, 3)))
    assert (outcome.status, outcome.fault) == ("failed", "product")
    assert "tally-square" in outcome.reason
    assert "the task wants sea-ice" in outcome.reason


def test_an_older_worker_does_not_make_what_a_newer_record_wants(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("tally-square", count_granule(tmp_path, 3), version="1.10.0"))
    assert (outcome.status, outcome.fault) == ("failed", "product")
    assert "has tally-square 1.0.0; the task wants 1.10.0: upgrade the worker" in outcome.reason


def test_a_newer_worker_makes_tasks_from_before_its_upgrade(handler: Handler, tmp_path: Path) -> None:
    outcome = handler.handle(task_of("tally-square", count_granule(tmp_path, 3), version="0.9.0"))
    assert (outcome.status, outcome.version) == ("made", "1.0.0")


def test_a_damaged_directory_is_the_fault_of_the_storage(handler: Handler, tmp_path: Path) -> None:
    task = task_of("tally-square", count_granule(tmp_path, 3))
    made = handler.handle(task)
    assert made.manifest is not None
    Path(made.manifest.href, made.manifest.files[0].name).unlink()
    outcome = handler.handle(task)
    assert (outcome.status, outcome.fault) == ("failed", "storage")
    assert "it was damaged" in outcome.reason


def test_the_same_task_gives_the_same_bytes(tmp_path: Path) -> None:
    task = task_of("tally-square", count_granule(tmp_path, 3))
    made = []
    for name in ("one", "other"):
        with handling(Storage(tmp_path / name), InlineChildren(load_tally())) as handler:
            made.append(handler.handle(task).manifest)
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].files == made[1].files


def test_limits_are_the_products_own_unless_the_operator_sets_others(storage: Storage, tmp_path: Path) -> None:
    seen: list[Limits] = []

    class Noting(InlineChildren):
        def compute(self, job: Job, limits: Limits) -> Answer:
            seen.append(limits)
            return super().compute(job, limits)

    products, children = load_tally().products, Noting(load_tally())
    task = task_of("tally-sleep", count_granule(tmp_path, 0, collection="sleep"))
    for given in ({}, {"time_limit": 60.0, "memory_limit": 10**9}):
        Handler(products, storage, children, Metrics(), **given).handle(task)
        task = task_of("tally-sleep", count_granule(tmp_path, 0, 1, collection="sleep"))
    assert seen == [Limits(timedelta(seconds=3).total_seconds(), 4 * 2**30), Limits(60.0, 10**9)]
