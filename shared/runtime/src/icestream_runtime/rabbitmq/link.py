"""One connection to RabbitMQ, kept by a thread of its own: heartbeats, reconnection and whether we are refused.

pika is not thread-safe. Everything of a connection happens on its I/O thread; others hand it work through `call`.
"""

from __future__ import annotations

import logging
import random
import ssl
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import pika
import pika.exceptions
from pika.adapters.select_connection import IOLoop

from icestream_runtime.broker import BrokerClosed, BrokerRefused, BrokerUnavailable
from icestream_runtime.rabbitmq.headers import tolerate

LOG = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.2
"""The pause before the first new attempt, s; it doubles up to the longest."""
REFUSALS_BELIEVED: Final = 3
"""A broker that had us before may refuse us while it starts; one that never had us, and says so, means it at once."""
CLOSE_TIMEOUT: Final = 5.0
BLOCKED_CLOSE_TIMEOUT: Final = 0.2
REFUSAL_CODES: Final = (403, 530)
"""AMQP's access-refused (user, password, permission) and not-allowed (no such virtual host)."""


class Guest(Protocol):
    """What lives on a connection: told, on the I/O thread, when it comes and goes."""

    def connected(self, connection: Any) -> None:
        """Open what you need."""

    def lost(self, reason: str) -> None:
        """The connection is gone, and will come back."""

    def ended(self, error: Exception) -> None:
        """The connection is gone and will not come back: tell everyone who waits."""

    def unblocked(self) -> None:
        """The broker takes messages again."""


class Link:
    """A connection that comes back by itself until it is closed or refused."""

    def __init__(self, parameters: Any, address: str, longest_pause: float) -> None:
        """Take note of everything.

        held_back : why the broker takes nothing from publishers, in its words; empty where it does
        longest_pause : between attempts to come back, s
        """
        self.address = address
        tolerate()
        self._longest_pause = longest_pause
        self.held_back = ""
        self.error: BrokerRefused | BrokerClosed | None = None
        self._parameters = parameters
        self._reason = "not connected yet"
        self._loop = IOLoop()
        self._actions: deque[Callable[[], None]] = deque()
        self._guests: list[Guest] = []
        self._connection: Any = None
        self._was_open = False
        self._failures = 0
        self._refusals = 0
        self._pauses = random.Random()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = False

    def attach(self, guest: Guest) -> None:
        """Let the guest know of the connection now and from now on; the first guest starts it."""
        with self._lock:
            if self._thread is None and not self._ended:
                name = self._parameters.client_properties["connection_name"]
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
        self.call(lambda: self._attach(guest))

    def detach(self, guest: Guest) -> None:
        """Forget a guest."""
        self.call(lambda: self._guests.remove(guest) if guest in self._guests else None)

    def call(self, action: Callable[[], None]) -> None:
        """Do something on the I/O thread, soon. Once the connection has ended it raises why."""
        with self._lock:
            if self._ended:
                raise self.error or BrokerClosed(f"the connection to {self.address} was closed")
            self._actions.append(action)
            # One wake-up takes everything that was handed over meanwhile.
            if len(self._actions) == 1:
                self._loop.add_callback_threadsafe(self._act)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something on the I/O thread after a while; for the I/O thread only."""
        self._loop.call_later(seconds, action)

    @property
    def blocked(self) -> bool:
        return bool(self.held_back)

    def unavailable(self, waited: float) -> BrokerUnavailable:
        """Return the error that says that the broker did not answer, and why."""
        why = f"it holds back publishers: {self.held_back}" if self.blocked else self._reason
        return BrokerUnavailable(f"no answer from {self.address} in {waited:g} s: {why}")

    def interrupt(self) -> None:
        """Drop the connection; it comes back by itself."""
        self.call(lambda: self._connection.close() if self._is_open() else None)

    def close(self) -> None:
        """Close the connection in order, within five seconds."""
        with self._lock:
            if self._thread is None:
                self._ended = True
                self.error = self.error or BrokerClosed(f"the connection to {self.address} was closed")
                return
            if not self._ended:
                self._loop.add_callback_threadsafe(self._begin_close)
        self._thread.join(2 * CLOSE_TIMEOUT)

    def _run(self) -> None:
        try:
            self._connect()
            self._loop.start()
        finally:
            # Also when an error escapes: nobody may wait for a thread that is gone.
            with self._lock:
                self._ended = True
                self.error = self.error or BrokerClosed(
                    f"the thread of the connection to {self.address} died; its error is above"
                )
            try:
                # What the loop ended too early for, or somebody waits for the answer to a question never put.
                self._act()
            finally:
                for guest in self._guests:
                    guest.ended(self.error)
                self._loop.close()

    def _act(self) -> None:
        while self._actions:
            self._actions.popleft()()

    def _attach(self, guest: Guest) -> None:
        self._guests.append(guest)
        if self._is_open() and self.error is None:
            guest.connected(self._connection)

    def _is_open(self) -> bool:
        return self._connection is not None and self._connection.is_open

    def _connect(self) -> None:
        if self.error is not None:
            return
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop,
        )

    def _on_open(self, connection: Any) -> None:
        self._failures = self._refusals = 0
        self._reason = "connected, but it does not answer"
        self._was_open = True
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        LOG.info("connected to %s", self.address)
        for guest in self._guests:
            guest.connected(connection)

    def _on_lost(self, _connection: Any, error: Exception) -> None:
        self.held_back = ""
        if self.error is not None:
            self._loop.stop()
            return
        self._reason = describe(error)
        refusal = is_refusal(error)
        self._refusals = self._refusals + 1 if refusal else 0
        at_once = not self._was_open and not is_guess(error)
        if refusal and (at_once or self._refusals >= REFUSALS_BELIEVED):
            self.error = BrokerRefused(
                f"{self.address} refuses us: {self._reason}. Check user, password, virtual host, certificates"
            )
            LOG.error("%s", self.error)
            self._loop.stop()
            return
        pause = min(self._longest_pause, FIRST_PAUSE * 2**self._failures) * self._pauses.uniform(0.5, 1.0)
        self._failures += 1
        LOG.warning("no connection to %s: %s; trying again in %.1f s", self.address, self._reason, pause)
        for guest in self._guests:
            guest.lost(self._reason)
        self._loop.call_later(pause, self._connect)

    def _on_blocked(self, _connection: Any, frame: Any) -> None:
        self.held_back = frame.method.reason or "short of memory or disk"
        LOG.warning("%s holds back publishers: %s", self.address, frame.method.reason)

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self.held_back = ""
        LOG.info("%s takes messages again", self.address)
        for guest in self._guests:
            guest.unblocked()

    def _begin_close(self) -> None:
        self.error = self.error or BrokerClosed(f"the connection to {self.address} was closed")
        if self._is_open():
            # Who holds back publishers reads nothing, so it will not answer; anybody else may be slow.
            self._loop.call_later(BLOCKED_CLOSE_TIMEOUT if self.blocked else CLOSE_TIMEOUT, self._loop.stop)
            self._connection.close()
        else:
            self._loop.stop()


def causes(error: BaseException | None) -> list[BaseException]:
    """Return the error and what pika wrapped in it, the innermost last."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += [*getattr(each, "exceptions", ()), getattr(each, "exception", None), *each.args]
    return found


def is_refusal(error: BaseException) -> bool:
    """Tell whether the broker answered, and the answer was no."""
    final = (
        pika.exceptions.ProbableAuthenticationError,
        pika.exceptions.ProbableAccessDeniedError,
        pika.exceptions.AuthenticationError,
        ssl.SSLCertVerificationError,
    )
    return any(
        isinstance(each, final)
        or (
            isinstance(each, pika.exceptions.ConnectionClosedByBroker)
            and each.reply_code in REFUSAL_CODES
            and "is down" not in each.reply_text
        )
        for each in causes(error)
    )


def is_guess(error: BaseException) -> bool:
    """Tell whether only the end of the connection speaks for a refusal: so does a broker that dies at that moment."""
    guesses = (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError)
    # Of what it wraps in a guess, pika keeps the words alone.
    said = pika.exceptions.ConnectionClosedByBroker.__name__
    return any(isinstance(each, guesses) and said not in str(each) for each in causes(error))


def describe(error: BaseException) -> str:
    """Return what happened, from the innermost cause that says something."""
    innermost = causes(error)[-1]
    if isinstance(innermost, pika.exceptions.ConnectionClosed):
        return f"{innermost.reply_text} ({innermost.reply_code})"
    return f"{type(innermost).__name__}: {innermost}" if str(innermost) else type(innermost).__name__
