"""kill -9 of everything, at random moments, under a live stream: nothing lost, nothing doubled, by counting."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

KILLS = 20
START = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = ("--product", "tally-square", "--product", "tally-sum")
DECLARED_SECONDS = 4.0
"""A quorum queue survives a kill of its broker once it has been declared for three seconds."""


class Feed:
    """Drops counts into the watched directory, a few every moment, until told to stop; remembers every one."""

    def __init__(self, directory: Path, per_second: float) -> None:
        self.directory, self.pause = directory, 1 / per_second
        self.dropped: list[tuple[str, datetime]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drop, daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _drop(self) -> None:
        number = 0
        while not self._stop.wait(self.pause):
            moment, station = START + timedelta(minutes=number), f"s{number % 3}"
            name = f"count_{moment:%Y%m%dT%H%M%S}_{station}.txt"
            partial = self.directory / f".{name}.part"
            partial.write_text(f"{number}\n")
            partial.rename(self.directory / name)
            self.dropped.append((station, moment))
            number += 1


@contextmanager
def feeding(
    root: Path, amqp_url: str, postgres_url: str, kills: int, strike: Callable[[Stream, int], None]
) -> Iterator[tuple[Stream, Feed]]:
    """Run a stream under feed, strike so many times at random moments, and give it when it is quiet again."""
    with stream(root, amqp_url, postgres_url, tally=True, plugins="tally", stable_seconds=0.2) as running:
        for number in (1, 2):
            running.start(f"gatherer-{number}", "gatherer")
            running.start(f"worker-{number}", "worker", *PRODUCTS)
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        chance = random.Random(kills)
        with Feed(running.watched, per_second=8) as feed:
            time.sleep(DECLARED_SECONDS)
            for number in range(kills):
                time.sleep(chance.uniform(0.1, 0.9))
                strike(running, number)
        running.wait_until_quiet(180, least_made=len(feed.dropped))
        yield running, feed


def count(running: Stream, feed: Feed) -> None:
    """Every dropped count has one current square, every day one sum of all its squares; no input set was made twice."""
    rows = running.rows()
    squares = {row.slot.key for row in rows if row.slot.product == "tally-square"}
    wanted = {f"tally-square.{moment:%Y%m%dT%H%M%S}.{station}" for station, moment in feed.dropped}
    assert squares == wanted, f"lost {sorted(wanted - squares)[:3]}, unasked {sorted(squares - wanted)[:3]}"
    assert Counter(row.state for row in rows) == {"made": len(rows)}
    for row in rows:
        history = running.ledger.history(row.slot)
        hashes = [make["inputs_hash"] for make in history]
        assert len(hashes) == len(set(hashes)), f"{row.slot.key} has one input set twice"
        if row.slot.product == "tally-square":
            assert row.revision == 1, f"{row.slot.key} has revision {row.revision}"
        else:
            day = [moment for _, moment in feed.dropped if row.slot.start <= moment < row.slot.end]
            assert row.made is not None
            assert len(row.made.entries) == len(day), f"{row.slot.key} adds {len(row.made.entries)} of {len(day)}"
    directories = Counter(path.parent.parent for path in (running.out / "store").rglob("manifest.json"))
    assert sum(directories.values()) == sum(len(running.ledger.history(row.slot)) for row in rows)
    assert not running.ledger.letters()
    assert set(running.stop().values()) == {0}


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_when_workers_are_killed(tmp_path: Path, amqp_url: str, postgres_url: str) -> None:
    def strike(running: Stream, number: int) -> None:
        name = f"worker-{1 + number % 2}"
        running.kill(name)
        running.restart(name)

    with feeding(tmp_path, amqp_url, postgres_url, KILLS, strike) as (running, feed):
        count(running, feed)


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_when_children_are_killed(tmp_path: Path, amqp_url: str, postgres_url: str) -> None:
    killed = []

    def strike(running: Stream, number: int) -> None:
        worker = psutil.Process(running.processes[f"worker-{1 + number % 2}"].pid)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            children = [child for child in worker.children() if "spawn_main" in " ".join(child.cmdline())]
            if children:
                children[-1].send_signal(signal.SIGKILL)
                killed.append(children[-1].pid)
                return
            time.sleep(0.05)

    with feeding(tmp_path, amqp_url, postgres_url, KILLS, strike) as (running, feed):
        assert len(killed) == KILLS
        count(running, feed)


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_when_gatherers_are_killed(tmp_path: Path, amqp_url: str, postgres_url: str) -> None:
    def strike(running: Stream, number: int) -> None:
        name = f"gatherer-{1 + number % 2}"
        running.kill(name)
        running.restart(name)

    with feeding(tmp_path, amqp_url, postgres_url, KILLS, strike) as (running, feed):
        count(running, feed)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_when_the_database_is_killed(
    tmp_path: Path, amqp_url: str, postgresql: PrivatePostgreSQL, postgres_url: str
) -> None:
    def strike(running: Stream, number: int) -> None:
        postgresql.kill()
        time.sleep(0.3)
        postgresql.start()

    with feeding(tmp_path, amqp_url, postgres_url, KILLS, strike) as (running, feed):
        count(running, feed)


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("faults")
def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str
) -> None:
    def strike(running: Stream, number: int) -> None:
        rabbitmq.kill()
        rabbitmq.start()

    with feeding(tmp_path, amqp_url, postgres_url, KILLS, strike) as (running, feed):
        count(running, feed)
