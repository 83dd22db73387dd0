"""`icestream run`: everything in one process, on the memory broker and a SQLite file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parts.stream import Stream


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Stream]:
    made = Stream(
        tmp_path, "", f"sqlite:///{tmp_path}/out/ledger.sqlite", tally=True, plugins="tally", stable_seconds=0.2,
        settle_seconds=1, max_attempts=2,
    )  # fmt: skip
    yield made
    made.close()


def start(running: Stream, *words: str) -> None:
    running.start("run", "run", "--watch", str(running.watched), "--out", str(running.out), *words)


def drop(running: Stream, *stations: str, content: str = "3", hour: int = 0) -> None:
    for station in stations:
        partial = running.watched / f".{station}"
        partial.write_text(content)
        partial.rename(running.watched / f"count_20240101T{hour:02d}0000_{station}.txt")


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def states(running: Stream) -> dict[str, str]:
    return {row.slot.key: row.state for row in running.rows()}


def migrated(running: Stream) -> None:
    running.command("ledger", "migrate")


@pytest.mark.timeout(180)
def test_everything_in_one_process_and_operators_can_look_at_it(running: Stream) -> None:
    migrated(running)
    start(running)
    drop(running, "a", "b")
    drop(running, "bad", content="no number")
    running.wait_until_quiet(90, quiet_seconds=2, least_made=3)

    status = json.loads(running.command("status", "--json"))
    assert status["queues"] is None
    assert status["slots"]["tally-square"]["made"] == 2
    assert status["quarantined"] == 1
    assert {make["slot"] for make in status["recent"]} >= {"tally-sum.20240101", "tally-square.20240101T000000.a"}
    assert "quarantined: icestream granules list --quarantined" in running.command("status")

    listed = json.loads(running.command("slots", "list", "--product", "tally-square", "--json"))
    assert {slot["slot"]: slot["state"] for slot in listed}["tally-square.20240101T000000.a"] == "made"
    shown = json.loads(running.command("slots", "show", "tally-sum.20240101", "--json"))
    assert shown["state"] == "made"
    assert {entry["granule_id"] for make in shown["history"] for entry in make["inputs"]} == {
        "tally-square.20240101T000000.a",
        "tally-square.20240101T000000.b",
    }
    assert "revision 1" in running.command("slots", "show", "tally-sum.20240101")

    (bad,) = json.loads(running.command("granules", "list", "--quarantined", "--json"))
    assert bad["granule_id"] == "count_20240101T000000_bad"
    assert "holds no number" in bad["quarantine"]
    released = json.loads(running.command("granules", "release", bad["granule_id"], "--json"))
    assert released["released"] == {bad["granule_id"]: 1}
    assert released["redriven"] >= 1
    assert until(lambda: len(running.ledger.granules(quarantined=True)) == 1), "it is bad still, and left out again"
    assert json.loads(running.command("letters", "list", "--json")) == []
    assert running.stop() == {"run": 0}


@pytest.mark.timeout(180)
def test_a_dead_slot_is_listed_and_redriven(running: Stream) -> None:
    migrated(running)
    start(running, "--product", "tally-stumble")
    (running.watched / "stumble_20240101T000000_a.txt").write_text("1")
    key = "tally-stumble.20240101T000000.a"
    assert until(lambda: states(running).get(key) == "dead")
    (dead,) = json.loads(running.command("slots", "list", "--state", "dead", "--json"))
    assert (dead["slot"], dead["attempts"]) == (key, 2)
    assert "the product stumbled" in dead["reason"]
    assert "ZeroDivisionError" in json.loads(running.command("slots", "show", key, "--json"))["traceback"]
    failures = len(list(running.log("product failed"))) + len(list(running.log("slot dead")))
    assert json.loads(running.command("slots", "redrive", "--dead", "--json")) == {"redriven": 1, "slots": [key]}
    assert until(lambda: len(list(running.log("slot dead"))) == 2), "it is tried again, and fails again"
    assert states(running)[key] == "dead"
    assert len(list(running.log("product failed"))) + len(list(running.log("slot dead"))) == 2 * failures
    assert running.stop() == {"run": 0}


@pytest.mark.timeout(240)
def test_what_was_under_way_when_the_process_was_killed_is_made_by_the_next(running: Stream) -> None:
    migrated(running)
    stations = [f"s{number}" for number in range(12)]
    for round_ in range(4):
        start(running)
        drop(running, *stations, hour=round_)
        assert until(lambda: "tasked" in states(running).values() or len(states(running)) > 12 * round_)  # noqa: B023
        time.sleep(0.4 * round_)
        running.kill("run")
    start(running)
    running.wait_until_quiet(120, quiet_seconds=12, least_made=49)
    rows = {row.slot.key: row for row in running.rows() if row.slot.product != "tally-nothing"}
    squares = {f"tally-square.20240101T{hour:02d}0000.{station}" for hour in range(4) for station in stations}
    assert rows.keys() == squares | {"tally-sum.20240101"}
    assert {row.state for row in rows.values()} == {"made"}
    assert all(rows[key].revision == 1 for key in squares)
    total = rows["tally-sum.20240101"].made
    assert total is not None
    assert len(total.entries) == len(squares)
    assert running.stop() == {"run": 0}


@pytest.mark.timeout(120)
def test_a_stop_finishes_what_is_in_hand(running: Stream) -> None:
    migrated(running)
    start(running, "--product", "tally-sleep")
    (running.watched / "sleep_20240101T000000_a.txt").write_text("2")
    key = "tally-sleep.20240101T000000.a"
    # In hand: a worker has begun to make it.
    assert until(lambda: list(running.out.glob("staging/*")))
    assert running.stop() == {"run": 0}
    assert states(running)[key] == "made"
