"""Consuming: deliveries come on the I/O thread, wait in lanes, and are settled in bundles."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, NamedTuple

from pika.exceptions import ChannelClosedByBroker

from icestream_runtime.broker import BrokerClosed, BrokerError, BrokerRefused, Delivery, QueueMissing
from icestream_runtime.rabbitmq.link import Link
from icestream_runtime.turns import Turns

LOG = logging.getLogger(__name__)

RESUBSCRIBE_PAUSE: Final = 1.0
"""The pause before consuming again after the broker closed the channel, s."""
CANCEL_TIMEOUT: Final = 5.0


class Token(NamedTuple):
    """A delivery tag means something only on the channel that gave it."""

    tag: int
    generation: int


class Settlement(NamedTuple):
    """What became of a delivery: acked, or given back, and whether through its own fault."""

    token: object
    acked: bool
    failed: bool = False
    requeue: bool = True


class RabbitSubscription:
    """A consumer of queues that lives through reconnections; see `icestream_runtime.broker.Subscription`."""

    def __init__(self, link: Link, queues: Sequence[str], prefetch: int) -> None:
        self.last_received = time.monotonic()
        self.settled_too_late = 0
        self.started: Future[None] = Future()
        self._link = link
        self._prefetch = prefetch
        self._turns = Turns(queues)
        self._lanes: dict[str, deque[Delivery]] = {queue: deque() for queue in queues}
        self._arrived = threading.Condition()
        self._error: Exception | None = None
        self._cancelled = False
        # Below: the settlements under their lock, the rest on the I/O thread only.
        self._lock = threading.Lock()
        self._settlements: list[Settlement] = []
        self._connection: Any = None
        self._channel: Any = None
        self._opening = False
        self._channels = 0
        self._generation = 0
        self._unsettled: dict[int, None] = {}
        link.attach(self)

    def get(self, timeout: float | None, among: Collection[str] | None = None) -> Delivery | None:
        lanes = [lane for queue, lane in self._lanes.items() if among is None or queue in among]
        with self._arrived:
            self._arrived.wait_for(lambda: any(lanes) or self._cancelled or self._error is not None, timeout)
            if self._error is not None and not self._cancelled:
                raise self._error
            return self._next(among)

    def drain(self, limit: int) -> list[Delivery]:
        taken: list[Delivery] = []
        with self._arrived:
            while len(taken) < limit and (delivery := self._next()) is not None:
                taken.append(delivery)
        return taken

    def ack(self, *deliveries: Delivery) -> None:
        self._settle([Settlement(delivery.token, acked=True) for delivery in deliveries])

    def reject(self, delivery: Delivery, requeue: bool) -> None:
        self._settle([Settlement(delivery.token, acked=False, failed=True, requeue=requeue)])

    def nack(self, *deliveries: Delivery) -> None:
        self._settle([Settlement(delivery.token, acked=False) for delivery in deliveries])

    def cancel(self) -> None:
        stopped: Future[None] = Future()
        try:
            self._link.call(lambda: self._cancel(stopped))
            stopped.result(CANCEL_TIMEOUT)
        except (BrokerClosed, BrokerRefused, TimeoutError):
            self._stop_giving()

    def close(self) -> None:
        self.cancel()
        closed: Future[None] = Future()
        try:
            self._link.call(lambda: self._close(closed))
            closed.result(CANCEL_TIMEOUT)
        except (BrokerClosed, BrokerRefused, TimeoutError):
            LOG.warning(
                "%s did not answer while a subscription was closed; what is unsettled comes again", self._link.address
            )

    def connected(self, connection: Any) -> None:
        self._connection = connection
        self._subscribe()

    def lost(self, _reason: str) -> None:
        self._connection = None
        self._forget_channel()

    def ended(self, error: Exception) -> None:
        self.lost(str(error))
        self._fail(error)

    def unblocked(self) -> None:
        """An alarm does not touch consumers."""

    def _next(self, among: Collection[str] | None = None) -> Delivery | None:
        for queue in self._turns.order():
            if self._lanes[queue] and (among is None or queue in among):
                self._turns.took()
                return self._lanes[queue].popleft()
        return None

    def _settle(self, settlements: list[Settlement]) -> None:
        if not settlements:
            return
        with self._lock:
            idle = not self._settlements
            self._settlements += settlements
        # One wake-up settles everything that was handed in meanwhile.
        if idle:
            try:
                self._link.call(self._flush)
            except (BrokerClosed, BrokerRefused):
                with self._lock:
                    self.settled_too_late += len(self._settlements)
                    self._settlements.clear()

    def _subscribe(self) -> None:
        if self._connection is not None and self._connection.is_open and self._channel is None and not self._opening:
            self._opening = True
            self._connection.channel(on_open_callback=self._on_open)

    def _on_open(self, channel: Any) -> None:
        self._opening = False
        if self._cancelled:
            channel.close()
            return
        self._channels += 1
        self._channel, self._generation = channel, self._channels
        channel.add_on_close_callback(self._on_close)
        channel.add_on_cancel_callback(self._on_cancelled_by_broker)
        channel.basic_qos(prefetch_count=self._prefetch)
        last = list(self._lanes)[-1]
        for queue in self._lanes:
            channel.basic_consume(
                queue,
                partial(self._on_message, self._generation),
                consumer_tag=queue,
                callback=self._on_started if queue == last else None,
            )

    def _on_started(self, _frame: Any) -> None:
        if not self.started.done():
            self.started.set_result(None)

    def _on_message(self, generation: int, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers: Mapping[str, Any] = properties.headers or {}
        delivery = Delivery(
            body=body,
            headers={name: text(value) for name, value in headers.items() if not isinstance(value, list | dict)},
            queue=method.consumer_tag,
            routing_key=method.routing_key,
            redelivered=method.redelivered,
            delivery_count=int(headers.get("x-delivery-count", 0)),
            token=Token(method.delivery_tag, generation),
            message_id=properties.message_id or "",
            content_type=properties.content_type or "",
        )
        self._unsettled[method.delivery_tag] = None
        self.last_received = time.monotonic()
        with self._arrived:
            self._lanes[method.consumer_tag].append(delivery)
            # All: who wakes may wait for other queues than this one.
            self._arrived.notify_all()

    def _on_cancelled_by_broker(self, frame: Any) -> None:
        LOG.warning(
            "the broker cancelled the consumer of %s: its queue was deleted or lost its leader",
            frame.method.consumer_tag,
        )
        # Of several queues that go at once each is told, and a channel can be closed once.
        if self._channel is not None and self._channel.is_open:
            self._channel.close()

    def _on_close(self, channel: Any, reason: Any) -> None:
        if channel is not self._channel:
            return
        self._forget_channel()
        if self._cancelled:
            return
        if isinstance(reason, ChannelClosedByBroker):
            LOG.warning("the broker closed the channel that consumes %s: %s", ", ".join(self._lanes), reason.reply_text)
            if not self.started.done():
                self._fail(self._refusal(reason))
                return
        self._link.later(RESUBSCRIBE_PAUSE, self._subscribe)

    def _refusal(self, reason: Any) -> BrokerError:
        missing = next((queue for queue in self._lanes if f"'{queue}'" in reason.reply_text), None)
        if reason.reply_code == 404 and missing is not None:
            return QueueMissing(missing)
        return BrokerRefused(
            f"{self._link.address} does not let us consume {', '.join(self._lanes)}: {reason.reply_text}"
        )

    def _forget_channel(self) -> None:
        """Drop what nobody took: the broker gives it again."""
        self._channel, self._opening, self._generation = None, False, 0
        self._unsettled.clear()
        with self._arrived:
            for lane in self._lanes.values():
                lane.clear()

    def _fail(self, error: Exception) -> None:
        if not self.started.done():
            self.started.set_exception(error)
        with self._arrived:
            self._error = error
            self._arrived.notify_all()

    def _flush(self) -> None:
        with self._lock:
            settlements, self._settlements = self._settlements, []
        acked: set[int] = set()
        current = self._generation if self._channel is not None and self._channel.is_open else None
        for token, ack, failed, requeue in settlements:
            if (
                not isinstance(token, Token)
                or token.generation != current
                or token.tag not in self._unsettled
                or token.tag in acked
            ):
                self.settled_too_late += 1
            elif ack:
                acked.add(token.tag)
            else:
                del self._unsettled[token.tag]
                # From RabbitMQ 4.3 on only a reject counts as a failure of the message.
                give_back = self._channel.basic_reject if failed else self._channel.basic_nack
                give_back(token.tag, requeue=requeue)
        self._send_acks(acked)

    def _send_acks(self, acked: set[int]) -> None:
        """Ack, with one frame for the oldest ones where nothing older stays open."""
        oldest: list[int] = []
        for tag in self._unsettled:
            if tag not in acked:
                break
            oldest.append(tag)
        if oldest:
            self._channel.basic_ack(oldest[-1], multiple=len(oldest) > 1)
        for tag in acked.difference(oldest):
            self._channel.basic_ack(tag)
        for tag in acked:
            del self._unsettled[tag]

    def _cancel(self, stopped: Future[None]) -> None:
        if self._cancelled or self._channel is None or not self._channel.is_open:
            self._stop_giving()
            stopped.set_result(None)
            return
        self._cancelled = True
        waiting = set(self._lanes)

        def on_cancelled(queue: str) -> None:
            waiting.discard(queue)
            if not waiting and not stopped.done():
                for delivery in self._stop_giving():
                    token = delivery.token
                    if isinstance(token, Token) and self._unsettled.pop(token.tag, token) is None:
                        self._channel.basic_nack(token.tag, requeue=True)
                stopped.set_result(None)

        for queue in self._lanes:
            self._channel.basic_cancel(queue, callback=lambda _frame, queue=queue: on_cancelled(queue))

    def _stop_giving(self) -> list[Delivery]:
        """Let nobody take or wait any more; return what nobody took."""
        with self._arrived:
            self._cancelled = True
            left = [delivery for lane in self._lanes.values() for delivery in lane]
            for lane in self._lanes.values():
                lane.clear()
            self._arrived.notify_all()
        return left

    def _close(self, closed: Future[None]) -> None:
        self._link.detach(self)
        if self._channel is None or not self._channel.is_open:
            closed.set_result(None)
            return
        self._channel.add_on_close_callback(lambda _channel, _reason: closed.set_result(None))
        self._channel.close()


def text(value: object) -> str:
    """Return a header's value as text; RabbitMQ's own are numbers and bytes too."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
