"""A run: a live stream under feed, a schedule of faults over it, and the oracle's verdict when it is quiet again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from faults.disk import small_disk
from faults.feed import Feed
from faults.oracle import Heard, Verdict, failed, judge, look, published
from faults.proxy import Proxy
from faults.schedule import HEARTBEAT_SECONDS, Fault
from faults.strike import Machine
from icestream_core.errors import LedgerError
from icestream_core.granule import Granule
from icestream_core.message import decode
from icestream_runtime.ledger.contract import SlotRow
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import Binding, Queue, Topology, topology
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

HEARD: Final = "faults.heard"
PRODUCTS: Final = ("--product", "tally-square", "--product", "tally-sum")
DECLARED_SECONDS: Final = 4.0
"""A quorum queue survives a kill of its broker once it has been declared for three seconds."""
QUIET_SECONDS: Final = 90.0
"""Within so long something more must be made, or the stream stands still."""
MUCH: Final = 10**6
DISK_MEGABYTES: Final = 1500
SETTINGS: Final = {
    "plugins": "tally",
    "stable_seconds": 0.2,
    # A stream that is still pausing when its broker is killed again is not tested.
    "reconnect_seconds": 1.0,
    "heartbeat_seconds": HEARTBEAT_SECONDS,
    # Five kills in a row of who makes one slot are the schedule's chance, and no fault of the stream.
    "max_attempts": 20,
}


@dataclass(frozen=True)
class Report:
    """What became of a run."""

    verdict: Verdict
    done: Sequence[Fault]
    granules: int
    slots: int
    seconds: float
    has_disk: bool


def run(
    root: Path,
    rabbitmq: PrivateRabbitMQ,
    postgresql: PrivatePostgreSQL,
    amqp_url: str,
    ledger_url: str,
    faults: Sequence[Fault],
    seed: int,
    per_second: float = 8.0,
    say: Callable[[str], None] = lambda _: None,
    broken: Path | None = None,
    quiet_seconds: float = QUIET_SECONDS,
) -> Report:
    """Run a stream through a schedule of faults.

    amqp_url, ledger_url : of a virtual host and a database of these two servers, both empty
    broken : a directory with the plugin `hasty`, which breaks what loads it: to see that it is seen
    quiet_seconds : within which something more must be made, when the faults are over
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as closing:
        disk = closing.enter_context(small_disk(root / "out", DISK_MEGABYTES))
        paths = {
            "broker": closing.enter_context(Proxy(rabbitmq.port)),
            "database": closing.enter_context(Proxy(postgresql.port)),
        }
        broker = RabbitBroker(amqp_url, "faults", reconnect=1.0)
        closing.callback(broker.close)
        running = closing.enter_context(
            stream(
                root,
                _through(amqp_url, paths["broker"]),
                _through(ledger_url, paths["database"]),
                tally=True,
                **SETTINGS,
            )
        )
        if broken is not None:
            running.environment["PYTHONPATH"] += f":{broken}"
            running.environment["ICESTREAM_PLUGINS"] = "tally,hasty"
        running.ledger_url = ledger_url  # the oracle looks past the bad paths
        feed = Feed(root, running.watched, broker, per_second, seed, lambda: _tasked(running))
        machine = Machine(running, rabbitmq, postgresql, paths, disk, feed)
        with _everything_started(running, broker):
            feed.start()
            say("the stream runs; the faults begin")
            try:
                machine.strike([fault for fault in faults if disk or fault.kind != "full disk"])
            finally:
                machine.heal()
                feed.stop()
            say(f"{len(machine.done)} faults are over; the stream is left to itself")
            verdict = _verdict(running, broker, machine, quiet_seconds)
            if verdict.holds:
                codes = running.stop()
                verdict.wrong += [f"{name} ended with {code}" for name, code in codes.items() if code]
        slots = len(feed.wanted())
        return Report(verdict, machine.done, len(feed.sent), slots, time.monotonic() - begun, disk is not None)


@contextlib.contextmanager
def _everything_started(running: Stream, broker: RabbitBroker) -> Iterator[None]:
    broker.apply(topology())
    broker.apply(Topology(queues=(Queue(HEARD, {"x-queue-type": "quorum"}),), bindings=(Binding(HEARD, "product.#"),)))
    for number in (1, 2):
        running.start(f"gatherer-{number}", "gatherer")
        running.start(f"worker-{number}", "worker", *PRODUCTS)
    running.start("watcher", "watch", str(running.watched))
    running.wait_until_ready(180)
    time.sleep(DECLARED_SECONDS)
    yield


def _verdict(running: Stream, broker: RabbitBroker, machine: Machine, quiet_seconds: float) -> Verdict:
    feed = machine.feed
    wanted = feed.wanted()
    try:
        rows = _quiet(running, len(wanted), quiet_seconds)
    except AssertionError as error:
        return Verdict(lost=[str(error)[:3000]])
    heard = _heard(broker)
    found = look(running, rows)
    verdict = judge(wanted, feed.contents(), found, heard, published(running.out, rows), failed(running))
    verdict.wrong += [f"a letter: {letter['reason'][:300]}" for letter in running.ledger.letters()]
    quarantined = running.ledger.granules(quarantined=True)
    verdict.wrong += [f"{granule.granule_id} is quarantined: {reason[:300]}" for granule, reason in quarantined]
    verdict.wrong += [f"left behind: {each}" for each in machine.left_behind]
    return verdict


def _quiet(running: Stream, least_made: int, seconds: float) -> list[SlotRow]:
    """Return the slots once all is quiet; as long as some more are made, a slow machine has its time."""
    made = -1
    while True:
        try:
            return running.wait_until_quiet(seconds, quiet_seconds=5, least_made=least_made)
        except AssertionError:
            now = sum(row.state == "made" for row in running.rows())
            if now <= made:
                raise
            made = now


def _tasked(running: Stream) -> int:
    try:
        return sum(states.get("tasked", 0) for states in running.ledger.counts().values())
    except LedgerError:
        return MUCH


def _heard(broker: RabbitBroker) -> list[Heard]:
    subscription = broker.subscribe([HEARD], 1000)
    found = []
    while (delivery := subscription.get(2.0)) is not None:
        message = decode(delivery.body)
        assert isinstance(message, Granule)
        found.append(Heard(message.granule_id, message.revision, message.stage, delivery.message_id))
        subscription.ack(delivery)
    subscription.close()
    return found


def _through(url: str, path: Proxy) -> str:
    """Return a URL that leads through a path."""
    return make_url(url).set(host="127.0.0.1", port=path.port).render_as_string(hide_password=False)
