"""A worker takes tasks, answers with outcomes, and settles each message once: ack, reject or nack."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from icestream_core import naming
from icestream_core.errors import StorageError
from icestream_core.granule import Asset
from icestream_core.message import Registration, decode, encode
from icestream_core.outcome import Outcome
from icestream_core.task import Task
from icestream_runtime.broker import BrokerUnavailable, Delivery, Message, PublishNotConfirmed
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import CHILDREN_BUSY, DISK_FREE, PUBLISH_RETRIES, PUBLISHED, UNREADABLE, Metrics
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.topology import topology
from icestream_worker.__main__ import run
from icestream_worker.child import Limits
from icestream_worker.children import Children, InlineChildren
from icestream_worker.compute_child import Job
from icestream_worker.faults import Answer
from worker.tasks import count_granule, load_tally, task_of

SOON = 20.0
"""Long enough for anything that will come, s."""
NUMBERS = itertools.count()


class Stage:
    """A worker of the tally's products over a memory broker, and the other end of its queues."""

    def __init__(self, directory: Path, storage: Storage, broker: MemoryBroker) -> None:
        self.directory, self.storage, self.broker = directory, storage, broker
        self.products = list(load_tally().products.values())
        self.metrics = Metrics()
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.broker.apply(topology([], ["register.*"]))

    def make_queues(self) -> None:
        self.broker.apply(topology([product.name for product in self.products]))

    def start(self, children: Children | None = None, **settings: Any) -> None:
        given = {"grace_seconds": SOON, "concurrency": 1} | settings
        self.thread = threading.Thread(
            target=run,
            args=(Settings(out=str(self.directory / "out"), **given), self.products, self.stop),
            kwargs={
                "broker": self.broker,
                "storage": self.storage,
                "metrics": self.metrics,
                "children": children or InlineChildren(load_tally()),
            },
        )
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        if self.thread is not None:
            self.thread.join(SOON)
            assert not self.thread.is_alive()

    def task(self, product: str = "tally-square", value: object = 3) -> Task:
        collection = {"tally-square": "count", "tally-nothing": "count"}.get(product, product.removeprefix("tally-"))
        return task_of(product, count_granule(self.directory, value, next(NUMBERS), collection))

    def send(self, *tasks: Task, queue: str = "") -> None:
        """Send tasks to the queue that each belongs into, or to another one."""
        for task in tasks:
            key = queue or naming.make_queue(task.slot.product, task.mode)
            self.broker.publish([Message(encode(task), key, exchange="")])

    def received(self, queue: str, count: int) -> list[Delivery]:
        """Return exactly so many messages of a queue; none may be left."""
        subscription = self.broker.subscribe([queue], 100)
        found = []
        for _ in range(count):
            delivery = subscription.get(SOON)
            assert delivery is not None, f"{len(found)} of {count} came to {queue}"
            subscription.ack(delivery)
            found.append(delivery)
        assert subscription.get(0.2) is None
        subscription.close()
        return found

    def outcomes(self, count: int) -> list[Outcome]:
        decoded = [decode(delivery.body) for delivery in self.received(naming.OUTCOMES, count)]
        return [outcome for outcome in decoded if isinstance(outcome, Outcome)]

    def waiting(self, product: str = "tally-square") -> int:
        return self.broker.depth(naming.make_queue(product)).ready

    def until(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + SOON
        while not holds():
            assert time.monotonic() < give_up
            time.sleep(0.01)


class Away(MemoryBroker):
    """A broker that cannot be published outcomes to while it is away, or does not confirm them."""

    away = False
    unconfirmed = False

    def publish(self, messages: Sequence[Message], timeout: float = 30.0) -> list[Message]:
        if self.away and messages[0].routing_key == naming.OUTCOMES:
            raise PublishNotConfirmed("away", messages) if self.unconfirmed else BrokerUnavailable("away")
        return super().publish(messages, timeout)


class Slow(InlineChildren):
    """Computes when it is let; ends with an error when it is closed before, as processes do."""

    def __init__(self) -> None:
        super().__init__(load_tally())
        self.begun, self.let, self.closed = threading.Event(), threading.Event(), threading.Event()

    def compute(self, job: Job, limits: Limits) -> Answer:
        self.begun.set()
        self._free_since = None
        while not self.let.wait(0.01):
            if self.closed.is_set():
                raise StorageError("this worker stops")
        return super().compute(job, limits)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def broker() -> Iterator[Away]:
    broker = Away()
    yield broker
    broker.close()


@pytest.fixture
def stage(tmp_path: Path, storage: Storage, broker: Away) -> Iterator[Stage]:
    stage = Stage(tmp_path, storage, broker)
    yield stage
    stage.end()


class Loading(InlineChildren):
    """Has not loaded the plugins until it is let."""

    def __init__(self) -> None:
        super().__init__(load_tally())
        self.waited, self.let = threading.Event(), threading.Event()

    def wait_until_loaded(self, timeout: float) -> bool:
        if self.let.wait(timeout):
            return True
        self.waited.set()
        return False


def test_no_task_is_taken_while_the_children_still_load(stage: Stage) -> None:
    stage.make_queues()
    stage.send(stage.task())
    children = Loading()
    stage.start(children=children)
    stage.until(children.waited.is_set)
    assert stage.waiting() == 1
    children.let.set()
    assert [outcome.status for outcome in stage.outcomes(1)] == ["made"]
    stage.end()


class Begun(Slow):
    """Tells the mode of what it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.modes: list[str] = []

    def compute(self, job: Job, limits: Limits) -> Answer:
        self.modes.append(job.task.mode)
        return super().compute(job, limits)


@pytest.mark.parametrize(("settings", "of_backfill"), [({}, 2), ({"backfill_concurrency": 1}, 1)])
def test_a_backfill_leaves_a_child_to_new_passes(stage: Stage, settings: dict[str, int], of_backfill: int) -> None:
    stage.make_queues()
    old = [stage.task(value=number).model_copy(update={"mode": "reprocessing"}) for number in range(5)]
    stage.send(*old)
    children = Begun()
    stage.start(children=children, concurrency=3, **settings)
    stage.until(lambda: len(children.modes) == of_backfill)
    stage.send(stage.task(value=7))
    stage.until(lambda: "forward" in children.modes)
    assert children.modes == ["reprocessing"] * of_backfill + ["forward"]
    children.let.set()
    assert len(stage.outcomes(6)) == 6
    stage.end()


def test_every_task_is_answered_once_and_acked(stage: Stage) -> None:
    stage.make_queues()
    tasks = [stage.task(value=number) for number in range(5)]
    stage.send(*tasks, stage.task("tally-nothing"))
    stage.start()
    outcomes = stage.outcomes(6)
    assert sorted(outcome.token for outcome in outcomes if outcome.status == "made") == sorted(t.token for t in tasks)
    assert [outcome.reason for outcome in outcomes if outcome.status == "void"] == ["this product does nothing"]
    stage.end()
    assert stage.waiting() == 0
    assert stage.metrics.value(PUBLISHED, kind="outcome") == 6


def test_a_worker_registers_its_products_at_start(stage: Stage) -> None:
    stage.make_queues()
    stage.start()
    letters = stage.received(naming.INTAKE, len(stage.products))
    records = [message.record for letter in letters if isinstance(message := decode(letter.body), Registration)]
    assert records == [product.record() for product in stage.products]
    assert [letter.routing_key for letter in letters] == [f"register.{product.name}" for product in stage.products]
    assert all(letter.headers["ce-type"] == "icestream.registration.v1" for letter in letters)


def test_a_worker_waits_for_queues_that_are_not_there_yet(stage: Stage) -> None:
    stage.start()
    stage.received(naming.INTAKE, len(stage.products))
    stage.make_queues()
    stage.send(stage.task())
    assert [outcome.status for outcome in stage.outcomes(1)] == ["made"]


def test_a_message_that_cannot_be_read_is_a_dead_letter_and_the_stream_goes_on(stage: Stage) -> None:
    stage.make_queues()
    queue = naming.make_queue("tally-square")
    record = Registration(record={})
    for body in (b"no msgpack", encode(record)):
        stage.broker.publish([Message(body, queue, exchange="")])
    stage.send(stage.task())
    stage.start()
    assert [outcome.status for outcome in stage.outcomes(1)] == ["made"]
    assert sorted(letter.body for letter in stage.received(naming.DEAD, 2)) == sorted([b"no msgpack", encode(record)])
    assert stage.metrics.value(UNREADABLE, queue=queue) == 2


def test_a_task_for_a_product_that_is_not_made_here_fails_with_a_reason(stage: Stage) -> None:
    stage.make_queues()
    astray = stage.task()
    astray = astray.model_copy(update={"slot": astray.slot.model_copy(update={"product": "sea-ice"})})
    stage.send(astray, queue=naming.make_queue("tally-square"))
    stage.start()
    [outcome] = stage.outcomes(1)
    assert (outcome.status, outcome.fault, outcome.slot.product) == ("failed", "product", "sea-ice")
    assert "the task wants sea-ice" in outcome.reason


@pytest.mark.parametrize("unconfirmed", [False, True])
def test_while_the_broker_is_away_an_outcome_waits_and_is_not_made_again(
    stage: Stage, broker: Away, unconfirmed: bool
) -> None:
    stage.make_queues()
    broker.away, broker.unconfirmed = True, unconfirmed
    stage.send(stage.task())
    stage.start()
    stage.until(lambda: stage.metrics.value(PUBLISH_RETRIES, kind="outcome") >= 2)
    broker.away = False
    assert [(outcome.status, outcome.adopted) for outcome in stage.outcomes(1)] == [("made", False)]


def test_a_stop_finishes_what_is_in_hand_and_gives_back_the_rest(stage: Stage) -> None:
    stage.make_queues()
    children = Slow()
    stage.send(*[stage.task(value=number) for number in range(6)])
    stage.start(children)
    assert children.begun.wait(SOON)
    stage.stop.set()
    children.let.set()
    stage.end()
    done = stage.broker.depth(naming.OUTCOMES).ready
    assert 1 <= done <= 2
    assert stage.waiting() == 6 - done


def test_after_the_grace_period_what_is_not_done_goes_back_unanswered(stage: Stage) -> None:
    stage.make_queues()
    children = Slow()
    stage.send(stage.task())
    stage.start(children, grace_seconds=0.1)
    assert children.begun.wait(SOON)
    stage.end()
    assert stage.waiting() == 1
    assert stage.broker.depth(naming.OUTCOMES).ready == 0


def test_a_worker_leaves_after_the_grace_period_although_an_input_still_comes(stage: Stage) -> None:
    stage.make_queues()
    begun, come = threading.Event(), threading.Event()
    fetch = stage.storage.fetch

    def hang(asset: Asset, granule_id: str = "") -> Path:
        begun.set()
        assert come.wait(SOON)
        return fetch(asset, granule_id)

    stage.storage.fetch = hang  # type: ignore[method-assign]
    stage.send(stage.task())
    try:
        stage.start(grace_seconds=0.1)
        assert begun.wait(SOON)
        stage.stop.set()
        assert stage.thread is not None
        stage.thread.join(SOON / 2)
        assert not stage.thread.is_alive()
        assert stage.waiting() == 1
        assert stage.broker.depth(naming.OUTCOMES).ready == 0
    finally:
        come.set()
    stage.until(lambda: not any(thread.name.startswith("slot") for thread in threading.enumerate()))


def test_new_passes_go_before_backfill(stage: Stage) -> None:
    stage.make_queues()
    stage.send(*[stage.task(value=number).model_copy(update={"mode": "reprocessing"}) for number in range(8)])
    stage.send(*[stage.task(value=number) for number in range(4)])
    stage.start()
    modes = [outcome.mode for outcome in stage.outcomes(12)]
    assert modes.index("forward") < 4
    assert modes[-4:] == ["reprocessing"] * 4


def test_children_that_make_a_slot_are_shown_as_busy_and_the_disk_with_its_room(stage: Stage) -> None:
    stage.make_queues()
    children = Slow()
    stage.start(children)
    assert stage.metrics.value(CHILDREN_BUSY) == 0
    stage.send(stage.task())
    assert children.begun.wait(SOON)
    assert stage.metrics.value(CHILDREN_BUSY) == 1
    children.let.set()
    stage.outcomes(1)
    stage.until(lambda: stage.metrics.value(CHILDREN_BUSY) == 0)
    stage.until(lambda: stage.metrics.value(DISK_FREE, place="output") > 0)


def test_a_sweep_that_fails_ends_the_worker_with_the_reason(stage: Stage) -> None:
    stage.make_queues()

    def fails() -> int:
        raise OSError("stale file handle")

    stage.storage.sweep = fails  # type: ignore[method-assign]
    given = {"broker": stage.broker, "storage": stage.storage, "metrics": stage.metrics}
    settings = Settings(out=str(stage.directory / "out"), grace_seconds=SOON)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, settings, stage.products, stage.stop, children=InlineChildren(load_tally()), **given)
        try:
            with pytest.raises(OSError, match="stale"):
                running.result(3)
        finally:
            stage.stop.set()
