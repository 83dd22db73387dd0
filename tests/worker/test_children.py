"""Children are processes under limits: whatever one does, the others go on, and none outlives its parent."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from icestream_core.errors import GranuleError, LimitError, StorageError
from icestream_core.outcome import Outcome
from icestream_core.task import Task
from icestream_runtime.storage import Storage
from icestream_runtime.turns import NICENESS
from icestream_worker.child import Child, Limits, Started
from icestream_worker.child import _end as end
from icestream_worker.children import ProcessChildren
from icestream_worker.compute_child import Job, Shown
from icestream_worker.faults import Answer
from icestream_worker.handle import Handler
from worker.tasks import count_granule, handling, load_tally, load_tally_once_there_is, task_of

pytestmark = pytest.mark.xdist_group("children")


class Ends(list[tuple[str, str]]):
    """What the children told of their ends: product and cause."""

    def __call__(self, job: Job, end: str) -> None:
        self.append((job.task.slot.product, end))


@pytest.fixture(scope="module")
def told() -> Ends:
    return Ends()


@pytest.fixture
def ends(told: Ends) -> Ends:
    told.clear()
    return told


@pytest.fixture(scope="module")
def handler(root: Path, tmp_path_factory: pytest.TempPathFactory, told: Ends) -> Iterator[Handler]:
    """A handler with two children, which serve all tests: each test leaves two that work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "tests" / "parts" / "tally")
        storage = Storage(tmp_path_factory.mktemp("children"))
        with handling(storage, ProcessChildren(2, load_tally, 100, on_end=told, of_backfill=1)) as handler:
            yield handler
    assert list((storage.root / "staging").iterdir()) == []


NUMBERS = itertools.count()
"""No two granules of these tests are the same, or a slot would be there already."""


def squares(directory: Path, count: int) -> list[Task]:
    numbers = [next(NUMBERS) for _ in range(count)]
    return [task_of("tally-square", count_granule(directory, number, number)) for number in numbers]


def make(handler: Handler, tasks: Sequence[Task]) -> list[str]:
    """Have tasks made, three at a time, and return what they came to."""
    with ThreadPoolExecutor(3) as threads:
        return [outcome.status for outcome in threads.map(handler.handle, tasks)]


def misbehave_beside_others(handler: Handler, directory: Path, product: str, value: object = 0) -> Outcome:
    """Have a product misbehave, with others made at the same time and after it; return what became of it."""
    bad = task_of(f"tally-{product}", count_granule(directory, value, next(NUMBERS), collection=product))
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(handler.handle, bad)
        assert make(handler, squares(directory, 4)) == ["made"] * 4
        outcome = answer.result()
    assert make(handler, squares(directory, 4)) == ["made"] * 4
    return outcome


def test_a_backfill_is_computed_by_a_child_that_lets_new_passes_go_first(handler: Handler, tmp_path: Path) -> None:
    def niceness(mode: str) -> int:
        granule = count_granule(tmp_path, 0, next(NUMBERS), collection="niceness")
        return int(handler.handle(task_of("tally-niceness", granule, mode=mode)).reason) - os.nice(0)

    assert (niceness("forward"), niceness("reprocessing")) == (0, NICENESS)
    # Where there is none of its kind, each takes what there is.
    children = cast(ProcessChildren, handler._children)
    for of_backfill, mode, expected in ((False, "forward", NICENESS), (True, "reprocessing", 0)):
        busy = children._take(of_backfill=of_backfill)
        try:
            assert niceness(mode) == expected
        finally:
            children._give_back(busy)


def test_a_product_that_sleeps_past_its_time_limit_is_killed(handler: Handler, ends: Ends, tmp_path: Path) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "sleep", 600)
    assert (outcome.status, outcome.fault) == ("failed", "limit")
    assert outcome.reason == "it took longer than its limit of 3 s"
    assert ends == [("tally-sleep", "time")]


def test_a_product_that_eats_memory_is_killed(handler: Handler, ends: Ends, tmp_path: Path) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "eat")
    assert (outcome.status, outcome.fault) == ("failed", "limit")
    assert "MiB of memory; its limit is 700 MiB" in outcome.reason
    assert ends == [("tally-eat", "memory")]


def test_a_product_that_crashes_ends_only_its_child(handler: Handler, ends: Ends, tmp_path: Path) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "crash")
    assert (outcome.status, outcome.fault) == ("failed", "limit")
    assert outcome.reason == "its process died: SIGSEGV"
    assert ends == [("tally-crash", "died")]


def test_a_file_over_which_its_reader_crashes_is_the_granules_fault(
    handler: Handler, ends: Ends, tmp_path: Path
) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "torn")
    assert (outcome.status, outcome.fault) == ("failed", "granule")
    assert outcome.granule_id.startswith("torn_2024")
    assert outcome.granule_checksum
    assert f"{outcome.granule_id} made its reader crash (SIGSEGV)" in outcome.reason
    assert ends == [("tally-torn", "died")]


def test_a_file_that_unpacks_without_end_is_named_when_it_meets_the_limit(
    handler: Handler, ends: Ends, tmp_path: Path
) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "bomb")
    assert (outcome.status, outcome.fault) == ("failed", "limit")
    assert "its limit is 700 MiB, while it read bomb_2024" in outcome.reason
    assert ends == [("tally-bomb", "memory")]


def test_a_file_that_claims_more_memory_than_a_slot_may_take_is_refused_it_and_no_child_is_lost(
    handler: Handler, ends: Ends, tmp_path: Path
) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "claim")
    assert (outcome.status, outcome.fault) == ("failed", "granule")
    assert outcome.granule_id.startswith("claim_2024")
    assert f"reading {outcome.granule_id} takes more than the 700 MiB that a slot may take" in outcome.reason
    assert ends == []


def test_a_product_that_exits_is_an_error_of_its_own(handler: Handler, tmp_path: Path) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "leave")
    assert (outcome.status, outcome.fault, outcome.reason) == ("failed", "product", "SystemExit: 0")


def test_a_product_that_leaves_without_a_word_is_noticed(handler: Handler, ends: Ends, tmp_path: Path) -> None:
    outcome = misbehave_beside_others(handler, tmp_path, "vanish")
    assert (outcome.status, outcome.fault) == ("failed", "limit")
    assert outcome.reason == "its process ended without an answer"
    assert ends == [("tally-vanish", "died")]


def test_a_child_that_dies_idle_is_replaced_before_the_next_slot(handler: Handler, tmp_path: Path) -> None:
    assert make(handler, squares(tmp_path, 4)) == ["made"] * 4
    for process in children_of(os.getpid()):
        process.kill()
    assert make(handler, squares(tmp_path, 4)) == ["made"] * 4


def test_a_child_that_somebody_ends_is_nobodys_fault(handler: Handler, ends: Ends, tmp_path: Path) -> None:
    assert make(handler, squares(tmp_path, 4)) == ["made"] * 4
    task = task_of("tally-sleep", count_granule(tmp_path, 2.5, next(NUMBERS), collection="sleep"))
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(handler.handle, task)
        time.sleep(1)
        for process in children_of(os.getpid()):
            process.terminate()
        outcome = answer.result()
    assert (outcome.status, outcome.fault) == ("failed", "storage")
    assert ends == [("tally-sleep", "died")]


def test_children_tell_when_they_have_loaded(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "tests" / "parts" / "tally")
    let = tmp_path / "let"
    children = ProcessChildren(2, functools.partial(load_tally_once_there_is, let), 100)
    try:
        assert not children.wait_until_loaded(0.2)
        let.touch()
        assert children.wait_until_loaded(30)
    finally:
        children.close()


def test_a_child_that_computed_enough_is_followed_by_another_and_no_slot_waits(
    storage: Storage, tmp_path: Path
) -> None:
    others = {process.pid for process in children_of(os.getpid())}
    with handling(storage, ProcessChildren(1, load_tally, 2)) as handler:
        (task,) = squares(tmp_path, 1)
        assert handler.handle(task).status == "made"
        (first,) = {process.pid for process in children_of(os.getpid())} - others
        beside, deadline = 0, time.monotonic() + 120
        while psutil.pid_exists(first):
            assert time.monotonic() < deadline, "the child was not replaced within two minutes"
            (task,) = squares(tmp_path, 1)
            assert handler.handle(task).status == "made"
            now = {process.pid for process in children_of(os.getpid())} - others
            beside += first in now and len(now) > 1
            time.sleep(0.02)
        assert {process.pid for process in children_of(os.getpid())} - others
    assert beside > 0, "no slot was made while the next process loaded the plugins"


class Pool:
    """A pool of a process that is none: it gives the futures that it is told."""

    def __init__(self, futures: Callable[[], Future[Answer]]) -> None:
        self._futures, self.scheduled = futures, 0

    def schedule(self, *_: object, **__: object) -> Future[Answer]:
        self.scheduled += 1
        return self._futures()

    def stop(self) -> None: ...

    def join(self) -> None: ...


class Nursery:
    """Starts what it is told to start, one after the other, or fails to."""

    def __init__(self, *starts: Started | StorageError) -> None:
        self._starts = iter(starts)

    def submit(self, call: Callable[..., Any], *_: object) -> Future[Any]:
        future: Future[Any] = Future()
        start = None if call is end else next(self._starts)
        if isinstance(start, StorageError):
            future.set_exception(start)
        else:
            future.set_result(start)
        return future


class AfterAPause(Future[Answer]):
    """Answers the moment after somebody has ceased to wait for it."""

    def result(self, timeout: float | None = None) -> Answer:
        if self.done():
            return super().result(timeout)
        self.set_result(Answer("made"))
        raise TimeoutError


def made() -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(Answer("made"))
    return future


def child_of(*starts: Started | StorageError, recycle_after: int = 100) -> Child:
    return Child(cast("Any", Nursery(*starts)), load_tally, recycle_after, None, lambda _job, _end: None)


def started(futures: Callable[[], Future[Answer]] = made) -> Started:
    return Started(cast("Any", Pool(futures)), Shown(), cast("Any", made()))


def test_an_answer_that_comes_between_two_looks_is_no_limit() -> None:
    child = child_of(started(AfterAPause))
    assert child.compute(cast("Job", None), Limits(60, 2**40)).status == "made"


def ended_at_its_limit(between: Callable[[float], None]) -> Future[Answer]:
    """Come to the limit at the fourth look; between them this process does something for 0.05 s."""

    class AtTheLimit(Future[Answer]):
        looks = 0

        def result(self, timeout: float | None = None) -> Answer:  # noqa: ARG002 - as it is called
            self.looks += 1
            if self.looks == 4:
                self.set_exception(TimeoutError())
            else:
                between(0.05)
            raise TimeoutError

    return AtTheLimit()


def compute_for(seconds: float) -> None:
    begun = psutil.Process().cpu_times().user
    while psutil.Process().cpu_times().user < begun + seconds:
        sum(range(100_000))


@pytest.mark.parametrize(
    ("does", "hangs", "kind", "said"),
    [
        (compute_for, 0.0, GranuleError, "torn kept its reader computing for"),
        (time.sleep, 0.0, LimitError, "longer than its limit of 0.1 s, while it read torn"),
        (compute_for, 60.0, LimitError, "longer than its limit of 0.1 s, while it read torn"),
    ],
)
def test_a_file_over_which_its_reader_computed_until_the_limit_is_the_granules_fault(
    monkeypatch: pytest.MonkeyPatch, does: Callable[[float], None], hangs: float, kind: type[Exception], said: str
) -> None:
    monkeypatch.setattr("icestream_worker.child.HANGS_SECONDS", hangs)
    process = started(lambda: ended_at_its_limit(does))
    process.shown.busy_pid, process.shown.opening = os.getpid(), b"torn"
    child = child_of(process, started())
    with pytest.raises(kind, match=said):
        child.compute(cast("Job", None), Limits(0.1, 2**40))


def test_a_successor_that_could_not_be_started_is_asked_for_again() -> None:
    first, third = started(), started()
    child = child_of(first, StorageError("no memory"), third, recycle_after=0)
    for _ in range(4):
        assert child.compute(cast("Job", None), Limits(60, 2**40)).status == "made"
    assert (cast("Pool", first.pool).scheduled, cast("Pool", third.pool).scheduled) == (3, 1)
    child.close()


def test_a_successor_that_could_not_be_started_does_not_keep_a_child_from_closing() -> None:
    child = child_of(started(), StorageError("no memory"), recycle_after=0)
    child.compute(cast("Job", None), Limits(60, 2**40))
    child.close()


def test_children_of_a_killed_parent_die_and_publish_nothing(tmp_path: Path) -> None:
    code = """
import os, sys, threading
from pathlib import Path
from icestream_runtime.storage import Storage
from icestream_worker.children import ProcessChildren
from worker.tasks import count_granule, handling, load_tally, load_tally_once_there_is, task_of

if __name__ == "__main__":
    directory = Path(sys.argv[1])
    with handling(Storage(directory / "out"), ProcessChildren(2, load_tally, 100)) as handler:
        handler.handle(task_of("tally-square", count_granule(directory, 3)))
        print("working", flush=True)
        handler.handle(task_of("tally-sleep", count_granule(directory, 2, collection="sleep")))
"""
    script = tmp_path / "parent.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "working\n"
    time.sleep(0.5)
    children = children_of(parent.pid)
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    time.sleep(2)  # the product would be done now
    assert [path.name for path in (tmp_path / "out" / "store").iterdir()] == ["tally-square"]


def children_of(pid: int) -> list[psutil.Process]:
    """Return the processes that compute, among the children of one; multiprocessing has helpers of its own."""
    return [
        process
        for process in psutil.Process(pid).children(recursive=True)
        if "spawn_main" in " ".join(process.cmdline()) and "resource_tracker" not in " ".join(process.cmdline())
    ]
