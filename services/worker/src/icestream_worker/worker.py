"""The worker: takes tasks from its queues, has them made, sends the outcomes and settles."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

import structlog

from icestream_core import naming
from icestream_core.errors import MessageError, StorageError
from icestream_core.message import cloud_event, decode, encode, event_id
from icestream_core.outcome import Outcome
from icestream_core.product import Product
from icestream_core.task import Task
from icestream_runtime.broker import (
    Broker,
    BrokerUnavailable,
    Delivery,
    Message,
    PublishNotConfirmed,
    QueueMissing,
    Subscription,
)
from icestream_runtime.health import PATIENCE, Check, deaf, reachable
from icestream_runtime.logs import slot_fields
from icestream_runtime.metrics import PUBLISH_RETRIES, PUBLISHED, RETURNED, SETTLED_TOO_LATE, UNREADABLE, Metrics
from icestream_runtime.registration import record_messages
from icestream_runtime.storage.space import Space
from icestream_runtime.tracing import Tracer
from icestream_worker.children import Children
from icestream_worker.faults import readable
from icestream_worker.handle import Handler

SOURCE: Final = "icestream/worker"
POLL_SECONDS: Final = 0.5
SWEEP_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
"""Between attempts to reach a broker that is away; the last of them for ever."""
LAST_SECONDS: Final = 1.0
"""After the grace period, for what can still be told to end. What hangs in a server or a disk cannot."""


class Worker:
    """Makes products until it is told to stop."""

    def __init__(
        self,
        broker: Broker,
        handler: Handler,
        children: Children,
        products: Sequence[Product],
        metrics: Metrics,
        *,
        hold: int,
        of_backfill: int,
        grace_seconds: float,
        sweep: Callable[[], object] = lambda: None,
        space: Callable[[], Mapping[str, Space]] = dict,
        deaf_seconds: float = PATIENCE,
        gauge_seconds: float = 15.0,
        tracer: Tracer | None = None,
    ) -> None:
        """Take note of everything; nothing is asked of the broker yet.

        hold : tasks in hand at once
        of_backfill : how many of them may be of a backfill
        sweep : removes what dead workers left; called now and then
        space : tells how much room is left, by place; asked every `gauge_seconds`
        tracer : records how slots are made; nobody does where absent
        deaf_seconds : of silence, while tasks wait and a child is free, before it is deaf
        """
        self._broker, self._handler, self._children = broker, handler, children
        self._products, self._metrics = products, metrics
        self._hold, self._of_backfill = hold, of_backfill
        self._grace_seconds, self._sweep = grace_seconds, sweep
        self._tracer = tracer
        self._space, self._deaf_seconds, self._gauge_seconds = space, deaf_seconds, gauge_seconds
        self._new, self._old = (
            [naming.make_queue(product.name, mode) for product in products] for mode in ("forward", "reprocessing")
        )
        self.queues = [*self._new, *self._old]
        for kind in ("registration", "outcome"):
            metrics.expect(PUBLISH_RETRIES, kind=kind)
        for queue in self.queues:
            metrics.expect(UNREADABLE, queue=queue)
        self.live = [Check("consumption", self._deaf)]
        self.ready = [
            Check("subscription", lambda: None if self._hears else "not subscribed yet"),
            reachable(broker, naming.OUTCOMES),
        ]
        self._hears: list[Check] = []
        # Since when each thread that takes tasks of a backfill has had none.
        self._idle_since: dict[int, float] = {}
        # What each thread is at, by its number.
        self._in_hand: dict[int, Delivery] = {}
        self._given_up = threading.Event()
        self._log = structlog.stdlib.get_logger("icestream.worker")

    def run(self, stop: threading.Event) -> None:
        """Register, subscribe and work until `stop` is set; then finish what is in hand within the grace period.

        What hangs after it is given back, and its thread left to itself: see `leave`.
        Raises BrokerRefused where the broker will not have us.
        """
        if not self.register(stop):
            return
        # Not before: a task would wait here for the imports, which another worker could make at once.
        while not self._children.wait_until_loaded(POLL_SECONDS):
            if stop.is_set():
                return
        subscription = self._subscribe(stop)
        if subscription is None:
            return
        self._hears = [
            deaf(self._broker, subscription, self._new, lambda: self._children.free_since, self._deaf_seconds),
            deaf(self._broker, subscription, self._old, self._free_for_backfill_since, self._deaf_seconds),
        ]
        self._log.info("ready", products=[f"{product.name} {product.version}" for product in self._products])
        threads = ThreadPoolExecutor(self._hold, "slot")
        working = [threads.submit(self._work, number, subscription, stop) for number in range(self._hold)]
        try:
            self._look_after(working, stop)
        finally:
            # Whatever ends this: the threads work until they are told, and nobody leaves before them.
            stop.set()
            subscription.cancel()
            _, late = wait(working, self._grace_seconds)
            if late:
                self._log.warning("the grace period is over: what is not done is given back", slots=len(late))
            self._given_up.set()
            self._children.close()
            done, _ = wait(working, LAST_SECONDS)
            subscription.nack(*list(self._in_hand.values()))
            threads.shutdown(wait=False)
        subscription.close()
        for each in done:
            each.result()
        self._log.info("stopped")

    def register(self, stop: threading.Event) -> bool:
        """Send the records of the products to the intake until it has them; False where told to stop before."""
        return self._publish(record_messages(self._products, SOURCE), "registration", stop)

    def _look_after(self, working: Sequence[Future[None]], stop: threading.Event) -> None:
        """Sweep and show what there is to show, until told to stop."""
        sweep_at = space_at = 0.0
        # A thread that ends before it is told to has failed: its reason is raised by `run`.
        while not stop.is_set() and not wait(working, POLL_SECONDS, FIRST_COMPLETED).done:
            if time.monotonic() >= sweep_at:
                self._sweep()
                sweep_at = time.monotonic() + SWEEP_SECONDS
            if time.monotonic() >= space_at:
                self._show_space()
                space_at = time.monotonic() + self._gauge_seconds

    def _show_space(self) -> None:
        try:
            self._metrics.show_disk(self._space())
        except StorageError as error:
            self._log.warning("the disk does not answer", reason=str(error))

    def _deaf(self) -> str | None:
        return next((wrong for check in self._hears if (wrong := check.probe())), None)

    def _free_for_backfill_since(self) -> float | None:
        return min(list(self._idle_since.values()), default=None)

    def _subscribe(self, stop: threading.Event) -> Subscription | None:
        """Return the subscription once the queues are there: the gatherer makes them when it has the records."""
        said = ""
        for pause in _pauses():
            try:
                return self._broker.subscribe(self.queues, self._hold)
            except (QueueMissing, BrokerUnavailable) as error:
                if str(error) != said:
                    said = str(error)
                    self._log.info("waiting for the broker", reason=said)
            if stop.wait(pause):
                return None
        return None

    def _work(self, number: int, subscription: Subscription, stop: threading.Event) -> None:
        """Take task after task. The first threads take what there is; the others new passes alone."""
        takes_all = number < self._of_backfill
        while not stop.is_set():
            if takes_all:
                self._idle_since.setdefault(number, time.monotonic())
            delivery = subscription.get(POLL_SECONDS, None if takes_all else self._new)
            if delivery is not None:
                self._idle_since.pop(number, None)
                self._in_hand[number] = delivery
                self._settle(subscription, delivery, stop)
                del self._in_hand[number]

    def _settle(self, subscription: Subscription, delivery: Delivery, stop: threading.Event) -> None:
        """Have a delivery made and settle it: the only place where that is done.

        ack : its outcome is safe with the broker; reject : it cannot be read, nobody ever can
        nack : it was not done, through no fault of its own
        """
        if stop.is_set():
            subscription.nack(delivery)
            return
        try:
            task = decode(delivery.body)
            if not isinstance(task, Task):
                kind = type(task).__name__.lower()
                raise MessageError(f"a {kind} message came to {delivery.queue}; wanted a task")
        except MessageError as error:
            self._metrics.count(UNREADABLE, queue=delivery.queue)
            self._log.error("message cannot be read", queue=delivery.queue, reason=readable(str(error), 500))
            subscription.reject(delivery, requeue=False)
            return
        outcome = self._handler.handle(task)
        if self._tracer is not None:
            outcome = self._tracer.made(task, outcome)
        if self._given_up.is_set() and outcome.status == "failed":
            subscription.nack(delivery)
        elif self._publish([_message(outcome)], "outcome", self._given_up):
            subscription.ack(delivery)
            self._say(outcome)
        else:
            subscription.nack(delivery)
        self._metrics.show(SETTLED_TOO_LATE, subscription.settled_too_late)

    def _publish(self, messages: Sequence[Message], kind: str, give_up: threading.Event) -> bool:
        """Publish until the broker has every message safe in a queue; False where given up before."""
        said = ""
        for pause in _pauses():
            try:
                returned = self._broker.publish(messages)
                reason = f"no queue wants {returned[0].routing_key}: icestream topology apply" if returned else ""
                self._metrics.count(RETURNED, len(returned), kind=kind)
                self._metrics.count(PUBLISHED, len(messages) - len(returned), kind=kind)
                messages = returned
            except PublishNotConfirmed as error:
                reason, messages = str(error), error.messages
            except BrokerUnavailable as error:
                reason = str(error)
            if not messages:
                return True
            self._metrics.count(PUBLISH_RETRIES, kind=kind)
            if reason != said:
                said = reason
                self._log.warning("publishing is tried again", kind=kind, reason=reason)
            if give_up.wait(pause):
                return False
        return False

    def _say(self, outcome: Outcome) -> None:
        fields: dict[str, object] = {
            **slot_fields(outcome.slot),
            "status": outcome.status,
            "seconds": {step: round(value, 4) for step, value in outcome.seconds.items()},
        }
        if outcome.adopted:
            fields["adopted"] = True
        if outcome.status == "failed":
            self._log.warning("slot answered", fault=outcome.fault, reason=outcome.reason, **fields)
        else:
            self._log.info("slot answered", **fields)


def _message(outcome: Outcome) -> Message:
    # A redelivered task may be answered twice, and differently: only the same answer has the same id.
    identity = event_id("outcome", outcome.slot.key, outcome.token, outcome.status, outcome.finished_at.isoformat())
    return Message(
        encode(outcome),
        naming.OUTCOMES,
        exchange="",
        headers=cloud_event(outcome, SOURCE, identity, outcome.finished_at),
        message_id=identity,
    )


def _pauses() -> Iterator[float]:
    yield from AGAIN_SECONDS
    yield from itertools.repeat(AGAIN_SECONDS[-1])
