"""Products that sleep, eat memory or crash end as dead slots with their reason, while the others go on."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parts.stream import Stream, stream

START = datetime(2026, 1, 1, tzinfo=UTC)


def drop(running: Stream, collection: str, value: str, count: int = 1) -> None:
    for number in range(count):
        moment = START + timedelta(minutes=number)
        path = running.watched / f"{collection}_{moment:%Y%m%dT%H%M%S}_s0.txt"
        partial = path.with_name(f".{path.name}.part")
        partial.write_text(value)
        partial.rename(path)


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("faults")
def test_a_sleeper_a_glutton_and_a_crasher_end_dead_with_their_reason_while_others_go_on(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", stable_seconds=0.2) as running:
        running.start("gatherer", "gatherer")
        bad = [word for name in ("sleep", "eat", "crash", "stumble") for word in ("--product", f"tally-{name}")]
        running.start("worker-bad", "worker", *bad, "--concurrency", "2")
        running.start("worker", "worker", "--product", "tally-square")
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        for name, value in (("sleep", "30"), ("eat", "1"), ("crash", "1"), ("stumble", "1")):
            drop(running, name, value)
        drop(running, "count", "3", count=50)
        rows = {row.slot.product: row for row in running.wait_until_quiet(200, least_made=50)}

        made = [row for row in running.rows() if row.slot.product == "tally-square"]
        assert [row.state for row in made] == ["made"] * 50
        for product, word in {
            "tally-sleep": "3",
            "tally-eat": "memory",
            "tally-crash": "SIGSEGV",
            "tally-stumble": "stumbled",
        }.items():
            row = rows[product]
            assert (row.state, row.attempts) == ("dead", 5), f"{product}: {row.state} after {row.attempts}"
            assert word in row.reason, f"{product}: {row.reason}"
        assert "ZeroDivisionError" in rows["tally-stumble"].traceback
        assert set(running.stop().values()) == {0}


@pytest.mark.timeout(200)
@pytest.mark.xdist_group("faults")
def test_a_product_that_computes_for_five_heartbeats_keeps_its_connection(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    settings = {"heartbeat_seconds": 5, "time_limit_seconds": 60, "stable_seconds": 0.2}
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", **settings) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-sleep")
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        # Two that are missed end a connection.
        drop(running, "sleep", "26")
        (row,) = running.wait_until_quiet(100)
        assert (row.state, row.revision, row.attempts) == ("made", 1, 0)
        answered = list(running.log("slot answered"))
        assert len(answered) == 1
        log = (running.logs / "worker.log").read_text()
        assert "reconnect" not in log.lower()


@pytest.mark.timeout(200)
@pytest.mark.xdist_group("faults")
def test_sigterm_drains_within_the_grace_period(tmp_path: Path, amqp_url: str, postgres_url: str) -> None:
    settings = {"time_limit_seconds": 60, "grace_seconds": 15, "stable_seconds": 0.2}
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", **settings) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-sleep")
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        drop(running, "sleep", "5", count=2)
        deadline = time.monotonic() + 30
        while not any(row.task_published_at for row in running.rows()) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)
        worker = running.processes["worker"]
        begun = time.monotonic()
        worker.terminate()
        assert worker.wait(20) == 0
        assert time.monotonic() - begun < 15
        running.restart("worker")
        rows = running.wait_until_quiet(60, least_made=2)
        assert [(row.state, row.revision, row.attempts) for row in rows] == [("made", 1, 0)] * 2
        assert len([line for line in running.log("slot answered") if not line.get("adopted")]) == 2
