from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_core.naming import DEAD, INTAKE
from icestream_runtime.broker import BrokerClosed, BrokerUnavailable, Message, PublishNotConfirmed
from icestream_runtime.broker_contract import BrokerContract
from icestream_runtime.memory import OVERHEAD, MemoryBroker, matches
from icestream_runtime.topology import Queue, Topology, topology

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=5)


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self) -> Iterator[MemoryBroker]:
        broker = MemoryBroker()
        yield broker
        broker.close()


def broker_for(messages: int) -> MemoryBroker:
    broker = MemoryBroker(capacity=messages * (OVERHEAD + 1))
    broker.apply(topology())
    return broker


def straight(number: int) -> Message:
    return Message(str(number).encode(), INTAKE, exchange="")


def test_a_full_broker_holds_back_a_publisher_until_there_is_room() -> None:
    broker = broker_for(2)
    subscription = broker.subscribe([INTAKE], prefetch=1)
    publisher = threading.Thread(target=broker.publish, args=[[straight(number) for number in range(4)], 10])
    publisher.start()
    deadline = time.monotonic() + 10
    while not broker.blocked() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert broker.blocked()
    taken = []
    for _ in range(4):
        delivery = subscription.get(10)
        assert delivery is not None
        taken.append(delivery.body)
        subscription.ack(delivery)
    publisher.join()
    assert taken == [b"0", b"1", b"2", b"3"]
    assert not broker.blocked()


def test_a_broker_that_stays_full_says_what_did_not_get_in() -> None:
    broker = broker_for(2)
    with pytest.raises(PublishNotConfirmed, match="full") as raised:
        broker.publish([straight(number) for number in range(4)], timeout=0.05)
    assert raised.value.messages == (straight(2), straight(3))
    with pytest.raises(BrokerUnavailable, match="full"):
        broker.publish([straight(9)], timeout=0.05)
    assert broker.depth(INTAKE).ready == 2


def test_what_no_queue_wanted_is_told_although_the_broker_is_full() -> None:
    broker = broker_for(1)
    unwanted = Message(b"", "nowhere", exchange="")
    with pytest.raises(PublishNotConfirmed, match="full") as raised:
        broker.publish([straight(0), unwanted, straight(1)], timeout=0.05)
    assert raised.value.messages == (unwanted, straight(1))


def test_dead_letters_keep_their_room_until_they_are_acked() -> None:
    broker = broker_for(1)
    broker.publish([straight(1)])
    subscription = broker.subscribe([INTAKE], prefetch=1)
    delivery = subscription.get(1)
    assert delivery is not None
    subscription.reject(delivery, requeue=False)
    with pytest.raises(BrokerUnavailable):
        broker.publish([straight(2)], timeout=0.05)
    dead = broker.subscribe([DEAD], prefetch=1)
    letter = dead.get(1)
    assert letter is not None
    dead.ack(letter)
    assert broker.publish([straight(2)]) == []


def test_a_queue_without_dead_letters_drops_what_is_rejected() -> None:
    broker = MemoryBroker(capacity=OVERHEAD + 1)
    broker.apply(Topology(queues=(Queue(INTAKE),)))
    subscription = broker.subscribe([INTAKE], prefetch=1)
    for number in range(3):
        broker.publish([straight(number)], timeout=1)
        delivery = subscription.get(1)
        assert delivery is not None
        subscription.reject(delivery, requeue=False)
    assert broker.depth(INTAKE).ready == 0


def test_a_poisoned_message_does_not_keep_the_others_waiting() -> None:
    broker = broker_for(5)
    broker.publish([straight(0), straight(1)])
    subscription = broker.subscribe([INTAKE], prefetch=1)
    first = subscription.get(1)
    assert first is not None
    subscription.reject(first, requeue=True)
    second = subscription.get(1)
    assert second is not None and second.body == b"1"


def test_what_is_given_back_keeps_its_order() -> None:
    broker = broker_for(5)
    broker.publish([straight(number) for number in range(3)])
    subscription = broker.subscribe([INTAKE], prefetch=2)
    subscription.nack(*subscription.drain(2))
    other = broker.subscribe([INTAKE], prefetch=3)
    assert [delivery.body for delivery in other.drain(3)] == [b"0", b"1", b"2"]


def test_a_closed_broker_says_so_and_wakes_who_waits() -> None:
    broker = broker_for(1)
    subscription = broker.subscribe([INTAKE], prefetch=1)
    closer = threading.Timer(0.1, broker.close)
    closer.start()
    with pytest.raises(BrokerClosed):
        subscription.get(None)
    closer.join()
    with pytest.raises(BrokerClosed):
        broker.publish([straight(1)])
    with pytest.raises(BrokerClosed):
        broker.depth(INTAKE)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: Message(b"", "k" * 256), ValueError, "at most 255"),
        (lambda: Message(b"x" * (4 * 2**20 + 1), "k"), ValueError, "4194305 bytes"),
        (lambda: Message(b"", "k", headers={"n": 1}), TypeError, "header n is a int"),
        (lambda: Message(b"", "k", headers={"n": "\ud800"}), UnicodeEncodeError, "surrogates"),
    ],
)
def test_a_message_that_no_wire_carries_is_refused_at_once(make: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()  # type: ignore[operator]


@given(WORDS)
def test_a_key_matches_itself_and_a_hash(words: list[str]) -> None:
    assert matches(words, words)
    assert matches(["#"], words)
    assert matches(["*"] * len(words), words)
    assert not matches(["*"] * (len(words) + 1), words)


@given(WORDS, WORDS, WORDS)
def test_a_hash_stands_for_any_words_between(before: list[str], between: list[str], after: list[str]) -> None:
    assert matches([*before, "#", *after], before + between + after)
    assert not matches([*before, "#", "z", *after], before + between + after)
