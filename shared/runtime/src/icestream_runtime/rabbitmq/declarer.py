"""Questions and declarations, one at a time: each is one round trip that the caller waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from pika.exceptions import ChannelClosedByBroker

from icestream_runtime.broker import BrokerError
from icestream_runtime.rabbitmq.link import Link

Request = Callable[[Any, Callable[[Any], None]], object]
"""Send one AMQP method on the channel, with the callback for its answer. It must be harmless to repeat."""


class ChannelRefused(BrokerError):
    """The broker closed the channel instead of answering."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code = code
        self.text = text


class Declarer:
    """A channel for methods that answer. An error closes a channel in AMQP, so it is opened again when needed."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._turn = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._opening = False
        self._request: Request | None = None
        self._answer: Future[Any] | None = None
        link.attach(self)

    def ask(self, request: Request, timeout: float) -> Any:
        """Return the broker's answer; raises ChannelRefused, BrokerUnavailable, BrokerRefused, BrokerClosed."""
        if not self._turn.acquire(timeout=timeout):
            raise self._link.unavailable(timeout)
        try:
            answer: Future[Any] = Future()
            self._link.call(lambda: self._begin(request, answer))
            try:
                return answer.result(timeout)
            except TimeoutError:
                self._link.call(self._give_up)
                raise self._link.unavailable(timeout) from None
        finally:
            self._turn.release()

    def connected(self, connection: Any) -> None:
        self._connection = connection
        if self._answer is not None:
            self._send(self._answer)

    def lost(self, _reason: str) -> None:
        self._connection = self._channel = None
        self._opening = False

    def ended(self, error: Exception) -> None:
        self.lost(str(error))
        self._finish(self._answer, error=error)

    def unblocked(self) -> None:
        """Nothing waits here for an alarm to end."""

    def _begin(self, request: Request, answer: Future[Any]) -> None:
        self._request, self._answer = request, answer
        if self._connection is not None:
            self._send(answer)

    def _send(self, waiting: Future[Any]) -> None:
        if self._request is None or not self._connection.is_open:
            return
        if self._channel is not None:
            self._request(self._channel, lambda answer: self._finish(waiting, answer=answer))
        elif not self._opening:
            self._opening = True
            self._connection.channel(on_open_callback=self._on_open)

    def _on_open(self, channel: Any) -> None:
        self._channel, self._opening = channel, False
        channel.add_on_close_callback(self._on_close)
        if self._answer is not None:
            self._send(self._answer)

    def _on_close(self, channel: Any, reason: Any) -> None:
        if channel is not self._channel:
            return
        self._channel = None
        # A lost connection also closes its channels; then the question is asked again on the next one.
        if isinstance(reason, ChannelClosedByBroker):
            self._finish(self._answer, error=ChannelRefused(reason.reply_code, reason.reply_text))

    def _give_up(self) -> None:
        """Forget the question, and the channel too, lest it close for that one and be taken to close for the next."""
        channel, self._channel, self._request, self._answer = self._channel, None, None, None
        if channel is not None and channel.is_open:
            channel.close()

    def _finish(self, waiting: Future[Any] | None, answer: Any = None, error: Exception | None = None) -> None:
        if waiting is None or waiting is not self._answer:
            return
        self._request = self._answer = None
        if error is not None:
            waiting.set_exception(error)
        else:
            waiting.set_result(answer)
