"""What becomes of messages that the broker will not take, at moments that no broker brings about when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from icestream_runtime.broker import BrokerClosed, BrokerUnavailable, Message, PublishNotConfirmed
from icestream_runtime.rabbitmq.link import Link
from icestream_runtime.rabbitmq.publisher import Publisher

CLOSED = "the connection was closed"


class Calls:
    """A link that does at once what it is handed, and leaves for later what is for later; and the channel on it."""

    address, blocked, is_open = "amqp://test", False, True

    def __init__(self) -> None:
        self.publisher = Publisher(cast("Link", self))
        self.sent: list[str] = []
        self.handed_out = threading.Semaphore(0)
        self.publisher._ready(self)

    def attach(self, guest: object) -> None:
        """Nothing is told of a connection that is not there."""

    def call(self, action: Callable[[], None]) -> None:
        action()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """It is not later yet."""

    def unavailable(self, waited: float) -> BrokerUnavailable:
        return BrokerUnavailable(f"no answer in {waited:g} s")

    def basic_publish(self, _exchange: str, key: str, _body: bytes, _properties: object, *, mandatory: bool) -> None:
        assert mandatory
        self.sent.append(key)
        self.handed_out.release()

    def answer(self, name: str, tag: int) -> None:
        method = SimpleNamespace(delivery_tag=tag, multiple=False, NAME=name)
        self.publisher._on_confirm(SimpleNamespace(method=method))

    def give_back(self, tag: int) -> None:
        properties: Any = SimpleNamespace(correlation_id=str(tag))
        self.publisher._on_return(self, None, properties, b"")


def test_what_rests_as_the_connection_ends_is_answered_as_well() -> None:
    calls = Calls()
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(calls.publisher.publish, [Message(b"", "a")], 0.5)
        assert calls.handed_out.acquire(timeout=5)
        calls.answer("Basic.Nack", 1)
        calls.publisher.ended(BrokerClosed(CLOSED))
        with pytest.raises(PublishNotConfirmed, match=CLOSED):
            publishing.result(5)


def test_what_no_queue_wanted_is_told_with_what_has_no_confirm() -> None:
    calls = Calls()
    unwanted, wanted, slow = (Message(b"", key) for key in ("unwanted", "wanted", "slow"))
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(calls.publisher.publish, [unwanted, wanted, slow], 0.3)
        for _ in range(3):
            assert calls.handed_out.acquire(timeout=5)
        calls.give_back(1)
        calls.answer("Basic.Ack", 1)
        calls.answer("Basic.Ack", 2)
        with pytest.raises(PublishNotConfirmed, match="1 of 3 messages") as raised:
            publishing.result(5)
    assert raised.value.messages == (unwanted, slow)
