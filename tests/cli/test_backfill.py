"""`icestream backfill`: killed and given again it makes nothing twice, and it goes by the queues that yield."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.specimens import product as specimen
from icestream_cli.backfill import _paced
from icestream_cli.backfill_scope import Scope
from icestream_core.granule import Asset, Granule
from icestream_core.inputs import Input, source
from icestream_core.window import steps
from parts.stream import Stream, stream

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
COUNT = 60
WORDS = ("backfill", "tally-square", "--from", "2024-01-01", "--to", "2024-01-01")


def archive(directory: Path) -> Path:
    directory.mkdir()
    for number in range(COUNT):
        (directory / f"count_{FIRST + timedelta(minutes=number):%Y%m%dT%H%M%S}_a.txt").write_text(f"{number}\n")
    (directory / f"count_{FIRST + timedelta(days=2):%Y%m%dT%H%M%S}_a.txt").write_text("1\n")
    return directory


def killed(running: Stream, *words: str) -> None:
    """Start a command and kill it when some of its work is done."""
    process = subprocess.Popen([sys.executable, "-m", "icestream_cli", *words], env=running.environment)
    deadline = time.monotonic() + 60
    while len(running.rows()) < COUNT // 4:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.05)
    process.kill()
    process.wait()


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("rabbitmq-cli")
def test_a_backfill_that_is_killed_and_given_again_makes_nothing_twice(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    files = ("--files", str(archive(tmp_path / "archive")))
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", settle_seconds=0.5) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-square", "--product", "tally-sum")
        running.wait_until_ready()
        dry = json.loads(running.command(*WORDS, *files, "--dry-run", "--json"))
        assert dry == {"granules_would_be_announced": COUNT, "are_known": 0}

        killed(running, *WORDS, *files, "--rate", "10")
        said = json.loads(running.command(*WORDS, *files, "--rate", "1000", "--json"))
        assert 0 < said["are_known"] < COUNT
        assert said["granules_were_announced"] + said["are_known"] == COUNT
        rows = [row for row in running.wait_until_quiet(120, least_made=COUNT) if row.slot.product == "tally-square"]
        assert [(row.state, row.revision) for row in rows] == [("made", 1)] * COUNT
        squares = [each for each in running.log("product made") if each["product"] == "tally-square"]
        assert {each["mode"] for each in squares} == {"reprocessing"}
        assert len([each for each in running.log("slot answered") if each["product"] == "tally-square"]) == COUNT

        # The ledger knows the granules now, and another product is made of them.
        words = ("backfill", "tally-nothing", *WORDS[2:])
        running.start("worker-nothing", "worker", "--product", "tally-nothing")
        running.wait_until_ready()
        running.wait_until_quiet(60)
        said = json.loads(running.command(*words, "--rate", "1000", "--json"))
        assert said["slots_were_asked_for"] + said["stay_as_they_are"] == COUNT
        assert json.loads(running.command(*words, "--dry-run", "--json"))["slots_would_be_asked_for"] == 0
        void = [row for row in running.rows() if row.slot.product == "tally-nothing"]
        assert [(row.state, row.revision) for row in void] == [("void", 1)] * COUNT
        assert set(running.stop().values()) == {0}


def test_a_granule_concerns_a_product_that_is_made_of_products_of_it() -> None:
    near = specimen({"tb": Input(sources=(source("tb"),), window=steps(-3, 3))}, name="depth")
    far = specimen({"depth": Input(sources=(source("depth"),), window=steps(-2, 2))}, name="fine")
    scope = Scope(far, {"depth": near, "fine": far}, FIRST, FIRST + timedelta(days=1))
    assert scope.collections == {"tb", "depth"}

    def concerns(days: int) -> bool:
        return scope.concerns(observed(FIRST + timedelta(days=days)))

    assert [concerns(days) for days in (-6, -5, 0, 5, 6)] == [False, True, True, True, False]


def observed(start: datetime, tile: str = "") -> Granule:
    checksum = "sha256:0"
    return Granule(
        granule_id=f"tb.{start:%Y%m%d}",
        checksum=checksum,
        collection="tb",
        sensor="ssmis",
        tile=tile,
        start=start,
        end=start + timedelta(days=1),
        assets=(Asset(href="/a", size=1, checksum=checksum),),
        published_at=start,
        received_at=start,
    )


def test_no_more_are_given_than_may_be_under_way() -> None:
    waiting = [0]

    def under_way(given: int) -> int:
        waiting[0] = max(0, waiting[0] - 1)
        return waiting[0]

    seen = []
    for batch in _paced(list(range(20)), 1e6, 4, under_way):
        waiting[0] += len(batch)
        seen.append(waiting[0])
    assert max(seen) == 4


def test_a_rate_is_kept() -> None:
    begun = time.monotonic()
    assert sum(len(batch) for batch in _paced(list(range(16)), 20, 1000, lambda _: 0)) == 16
    assert time.monotonic() - begun > 0.6
