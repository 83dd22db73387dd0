"""Several processes on one ledger: nothing is missed, nothing is doubled, nobody is turned away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from icestream_core.errors import LedgerError
from icestream_core.task import Task
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.specimens import at_least, granule, made, opening, same_days, slot, tasked
from parts.postgresql import PrivatePostgreSQL

RACES = 200

DELIVERER = """
import json, sys, time
from icestream_runtime.ledger import open_ledger
from icestream_runtime.ledger.specimens import at_least, granule, opening, same_days, slot

url, name, races = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = open_ledger(url)
print("ready", flush=True)
begin = float(sys.stdin.readline())
tasks = []
for day in range(races):
    time.sleep(max(0.0, begin + day * 0.02 - time.time()))
    ledger.record_granules([granule(name, day)])
    found = ledger.look(ledger.slots_touched(opening(slot(day))), same_days, at_least(2))
    tasks += [task.slot.key for task in found]
print(json.dumps(tasks))
"""

WRITER = """
import sys
from icestream_runtime.ledger import open_ledger
from icestream_runtime.ledger.specimens import at_least, granule, made, opening, same_days, slot

url, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = open_ledger(url, migrate=True)
for day in range(rounds):
    own = slot(day, tile=name)
    ledger.record_granules([granule(name, day, tile=name)])
    (task,) = ledger.look(ledger.slots_touched(opening(own)), lambda each: same_days(each, tile=name), at_least(1))
    ledger.task_published([task])
    ledger.finalise([made(task)], 5, lambda _: 0.0)
    ledger.announced(ledger.to_announce([own]))
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> str:
    said, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    return said


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = open_ledger(url, migrate=True)
    yield ledger
    ledger.close()


def test_two_processes_never_miss_the_completing_granule(ledger: Ledger, url: str) -> None:
    deliverers = [start(DELIVERER, url, name, RACES) for name in ("a", "b")]
    for each in deliverers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    begin = f"{ledger.clock().timestamp() + 0.3}\n"
    for each in deliverers:
        assert each.stdin is not None
        each.stdin.write(begin)
        each.stdin.flush()
    tasks = [key for each in deliverers for key in json.loads(answer(each))]
    assert sorted(tasks) == sorted(slot(day).key for day in range(RACES))
    assert ledger.counts() == {"depth": {"tasked": RACES}}


def test_processes_that_write_at_once_are_never_turned_away(url: str) -> None:
    # Eight, where only one may write at a time. Each of them migrates, too: somebody must be the first.
    writers = 8 if url.startswith("sqlite") else 3
    for process in [start(WRITER, url, f"t{number}", 12) for number in range(writers)]:
        answer(process)
    ledger = open_ledger(url)
    assert ledger.counts() == {"depth": {"made": 12 * writers}}
    assert ledger.to_announce() == []
    assert len(ledger.granules()) == 12 * writers
    ledger.close()


def test_looks_at_overlapping_slots_in_any_order_do_not_block_each_other(ledger: Ledger) -> None:
    slots = ledger.slots_touched(opening(*map(slot, range(40))))
    ledger.record_granules([granule("a", day) for day in range(40)])
    tasks: list[Task] = []

    def look(turn: int) -> None:
        order = slots if turn % 2 else slots[::-1]
        tasks.extend(ledger.look(order, same_days, at_least(1)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(12)))
    assert sorted(each.slot.key for each in tasks) == sorted(each.key for each in slots)


def test_one_of_two_outcomes_of_the_same_task_wins(ledger: Ledger) -> None:
    ledger.record_granules([granule("a", day) for day in range(30)])
    results = []
    for day in range(30):
        outcome = made(tasked(ledger, slot(day)))
        barrier = threading.Barrier(2)

        def finalise(barrier: threading.Barrier = barrier, outcome: object = outcome) -> bool:
            barrier.wait(30)
            return ledger.finalise([outcome], 5, lambda _: 0.0)[0].adopted  # type: ignore[list-item]

        with ThreadPoolExecutor(2) as pool:
            results.append(sorted(future.result() for future in [pool.submit(finalise) for _ in range(2)]))
    assert results == [[False, True]] * 30
    assert all(len(ledger.history(slot(day))) == 1 for day in range(30))


def test_a_ledger_comes_back_when_its_database_does(postgresql: PrivatePostgreSQL, postgres_url: str) -> None:
    ledger = open_ledger(postgres_url, migrate=True)
    ledger.record_granules([granule("a")])
    given = tasked(ledger, slot())
    postgresql.kill()
    with pytest.raises(LedgerError, match="is away"):
        ledger.finalise([made(given)], 5, lambda _: 0.0)
    postgresql.start()
    assert ledger.unpublished_tasks(0) == [given]
    assert ledger.finalise([made(given)], 5, lambda _: 0.0)[0].revision == 1
    ledger.close()


def test_one_granule_completes_hundreds_of_slots_in_few_statements(ledger: Ledger) -> None:
    slots = ledger.slots_touched(opening(*map(slot, range(300))))
    ledger.record_granules([granule("year", days=300)])
    assert len(ledger.look(slots, same_days, at_least(1))) == 300
    assert ledger.counts() == {"depth": {"tasked": 300}}
