"""Publishing with confirms: many threads hand in batches, one window of unconfirmed messages carries them.

A message goes out again when the connection is lost before its confirm, or when the broker says no,
until its caller's time is up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import chain, takewhile
from typing import Any, Final

import pika
from pika.exceptions import ChannelClosedByBroker

from icestream_runtime.broker import BrokerError, BrokerRefused, Message, PublishNotConfirmed, TopologyMismatch
from icestream_runtime.rabbitmq.link import Link

WINDOW: Final = 512
"""How many messages may be under way without a confirm."""
NACK_PAUSE: Final = 0.1
"""How long a message rests that the broker would not take, s."""
PERSISTENT: Final = 2


class Batch:
    """The messages of one call, and what is known of them."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.open = set(range(len(messages)))
        self.returned: set[int] = set()
        self.sent = False
        self.declined = False
        self.over = False
        self.done: Future[None] = Future()

    def confirm(self, index: int) -> None:
        self.open.discard(index)
        if not self.open and not self.over:
            self.over = True
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.over:
            self.over = True
            self.done.set_exception(error)


Entry = tuple[Batch, int]


class Publisher:
    """The publishing guest of a connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._handed_in: list[Batch] = []
        self._connection: Any = None
        self._channel: Any = None
        self._opening = False
        self._tag = 0
        self._waiting: deque[Entry] = deque()
        self._resting: deque[list[Entry]] = deque()
        self._under_way: dict[int, Entry] = {}
        link.attach(self)

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Message]:
        """Return the messages that no queue wanted, once the broker has all of them safe."""
        if not messages:
            return []
        batch = Batch(tuple(messages))
        with self._lock:
            self._handed_in.append(batch)
            first = len(self._handed_in) == 1
        # One wake-up takes everything that was handed in meanwhile.
        if first:
            try:
                self._link.call(self._take)
            except BrokerError as error:
                for each in self._handed_over():
                    each.fail(error)
        try:
            batch.done.result(timeout)
        except TimeoutError:
            raise self._not_confirmed(batch, timeout) from None
        return [batch.messages[index] for index in sorted(batch.returned)]

    def connected(self, connection: Any) -> None:
        self._connection = connection
        self._open()

    def lost(self, _reason: str) -> None:
        self._connection = None
        self._forget_channel()

    def ended(self, error: Exception) -> None:
        self.lost(str(error))
        # A batch has as many entries as messages; each is told once.
        left = chain(self._waiting, *self._resting)
        for batch in dict.fromkeys([*self._handed_over(), *(batch for batch, _ in left)]):
            unsure = batch.sent and not isinstance(error, BrokerRefused)
            batch.fail(PublishNotConfirmed(str(error), self._to_repeat(batch)) if unsure else error)
        self._waiting.clear()
        self._resting.clear()

    def unblocked(self) -> None:
        self._pump()

    def _open(self) -> None:
        if self._connection is not None and self._connection.is_open and self._channel is None and not self._opening:
            self._opening = True
            self._connection.channel(on_open_callback=self._on_open)

    def _on_open(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_close)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _frame: self._ready(channel))

    def _ready(self, channel: Any) -> None:
        self._channel, self._opening, self._tag = channel, False, 0
        self._pump()

    def _on_close(self, _channel: Any, reason: Any) -> None:
        if not isinstance(reason, ChannelClosedByBroker):
            return
        was_under_way = list(self._under_way.values())
        self._forget_channel()
        if reason.reply_code == 404:
            # The answer names the exchange, not the message: `no exchange 'x' in vhost ...`.
            for batch, index in was_under_way:
                exchange = batch.messages[index].exchange
                if f"'{exchange}'" in reason.reply_text:
                    batch.fail(
                        TopologyMismatch(
                            f"exchange {exchange} does not exist on the broker. Make it: icestream topology apply"
                        )
                    )
        elif reason.reply_code == 403:
            for batch, _ in was_under_way:
                batch.fail(BrokerRefused(f"{self._link.address}: {reason.reply_text}"))
        self._link.later(NACK_PAUSE, self._open)

    def _forget_channel(self) -> None:
        """Put what has no confirm back to the front, in order."""
        self._channel, self._opening = None, False
        self._waiting.extendleft(reversed(self._under_way.values()))
        self._under_way.clear()

    def _handed_over(self) -> list[Batch]:
        with self._lock:
            batches, self._handed_in = self._handed_in, []
        return batches

    def _take(self) -> None:
        for batch in self._handed_over():
            self._waiting.extend((batch, index) for index in range(len(batch.messages)))
        self._pump()

    def _pump(self) -> None:
        while self._waiting and len(self._under_way) < WINDOW and self._may_send():
            batch, index = self._waiting.popleft()
            if batch.over:
                continue
            message = batch.messages[index]
            self._tag += 1
            self._under_way[self._tag] = (batch, index)
            batch.sent = True
            batch.returned.discard(index)
            properties = pika.BasicProperties(
                content_type=message.content_type,
                headers=dict(message.headers),
                delivery_mode=PERSISTENT,
                message_id=message.message_id,
                # A return carries no delivery tag: this says which message it was.
                correlation_id=str(self._tag),
            )
            self._channel.basic_publish(message.exchange, message.routing_key, message.body, properties, mandatory=True)

    def _may_send(self) -> bool:
        return self._channel is not None and self._channel.is_open and not self._link.blocked

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        batch, index = self._under_way[int(properties.correlation_id)]
        batch.returned.add(index)

    def _on_confirm(self, frame: Any) -> None:
        tag, multiple, accepted = frame.method.delivery_tag, frame.method.multiple, frame.method.NAME == "Basic.Ack"
        tags = list(takewhile(lambda each: each <= tag, self._under_way)) if multiple else [tag]
        again = []
        for each in tags:
            entry = self._under_way.pop(each, None)
            if entry is None:
                continue
            if accepted:
                entry[0].confirm(entry[1])
            else:
                entry[0].declined = True
                again.append(entry)
        if again:
            self._resting.append(again)
            self._link.later(NACK_PAUSE, self._again)
        self._pump()

    def _again(self) -> None:
        """Send once more what has rested for longest."""
        self._waiting.extendleft(reversed(self._resting.popleft()))
        self._pump()

    def _drop_abandoned(self) -> None:
        """Let go of what nobody waits for, or a broker that stays away would fill our memory."""
        self._waiting = deque(entry for entry in self._waiting if not entry[0].over)

    def _not_confirmed(self, batch: Batch, timeout: float) -> BrokerError:
        """Give the batch up and return the error that says what is known of it."""
        batch.over = True
        self._link.call(self._drop_abandoned)
        unavailable = self._link.unavailable(timeout)
        if not batch.sent:
            return unavailable
        why = f"{self._link.address} does not take them: a queue is full" if batch.declined else str(unavailable)
        return PublishNotConfirmed(
            f"{len(batch.open)} of {len(batch.messages)} messages have no confirm: {why}", self._to_repeat(batch)
        )

    @staticmethod
    def _to_repeat(batch: Batch) -> list[Message]:
        return [batch.messages[index] for index in sorted(batch.open | batch.returned)]
