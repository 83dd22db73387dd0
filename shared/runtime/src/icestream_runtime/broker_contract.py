"""What every broker must do, as tests. Subclass BrokerContract, give it a fixture `broker`, and run pytest:

    class TestMyBroker(BrokerContract):
        @pytest.fixture
        def broker(self):
            broker = MyBroker()
            yield broker
            broker.close()

The broker must also have `interrupt()`, which does what a lost connection does.
Every test makes queues of its own, so the broker need not be empty.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import pytest

from icestream_runtime.broker import Broker, Delivery, Message, QueueMissing, Subscription, TopologyMismatch
from icestream_runtime.topology import DELIVERY_LIMIT, Binding, Exchange, Topology, dead_queue, work_queue

SOON: Final = 10.0
"""Long enough for anything that will come, s."""
AT_ONCE: Final = 0.3
"""Long enough to believe that nothing comes, s."""


class BrokerUnderTest(Broker, Protocol):
    """A broker whose connection can be cut."""

    def interrupt(self) -> None:
        """Do what a lost connection does."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An exchange and queues that only one test knows."""

    broker: BrokerUnderTest
    name: str

    @property
    def work(self) -> str:
        return f"{self.name}.work"

    @property
    def bulk(self) -> str:
        return f"{self.name}.bulk"

    @property
    def dead(self) -> str:
        return f"{self.name}.dead"

    def topology(self, limit: int = DELIVERY_LIMIT) -> Topology:
        return Topology(
            exchanges=(Exchange(self.name),),
            queues=(
                dead_queue(self.dead),
                work_queue(self.work, self.dead, limit),
                work_queue(self.bulk, self.dead, limit),
            ),
            bindings=(Binding(self.work, "granule.*.wanted", self.name), Binding(self.bulk, "bulk.#", self.name)),
        )

    def message(self, number: int = 0, key: str = "granule.ssmis.wanted") -> Message:
        return Message(str(number).encode(), key, self.name, message_id=f"{self.name}-{number}")

    def publish(self, count: int, key: str = "granule.ssmis.wanted") -> None:
        assert self.broker.publish([self.message(number, key) for number in range(count)]) == []

    def ready(self, queue: str, wanted: int) -> int:
        """Return how many messages wait, giving the broker time to count to what is wanted."""
        deadline = time.monotonic() + SOON
        while (ready := self.broker.depth(queue).ready) != wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        return ready


def take(subscription: Subscription, count: int) -> list[Delivery]:
    """Return the next so many deliveries, which must come."""
    taken = []
    for number in range(count):
        delivery = subscription.get(SOON)
        assert delivery is not None, f"{number} of {count} messages came"
        taken.append(delivery)
    return taken


def numbers(deliveries: Iterable[Delivery]) -> list[int]:
    return [int(delivery.body) for delivery in deliveries]


class BrokerContract:
    """The contract of `icestream_runtime.broker.Broker`."""

    @pytest.fixture
    def bench(self, broker: BrokerUnderTest) -> Bench:
        bench = Bench(broker, f"contract-{uuid.uuid4().hex[:12]}")
        broker.apply(bench.topology())
        return bench

    def test_a_message_arrives_as_it_was_published(self, bench: Bench) -> None:
        sent = Message(
            b"\x00body", "granule.ssmis.wanted", bench.name, {"ce-id": "é", "traceparent": "00-1"}, "event-1"
        )
        assert bench.broker.publish([sent]) == []
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        [delivery] = take(subscription, 1)
        assert (delivery.body, delivery.message_id, delivery.routing_key) == (sent.body, "event-1", sent.routing_key)
        assert dict(delivery.headers) == dict(sent.headers)
        assert (delivery.queue, delivery.redelivered, delivery.delivery_count) == (bench.work, False, 0)

    def test_messages_come_in_the_order_of_publishing(self, bench: Bench) -> None:
        bench.publish(1500)
        subscription = bench.broker.subscribe([bench.work], prefetch=2000)
        assert numbers(take(subscription, 1500)) == list(range(1500))

    def test_a_message_that_no_queue_wants_is_returned(self, bench: Bench) -> None:
        wanted, unwanted = bench.message(1), bench.message(2, "granule.ssmis.other")
        nowhere = Message(b"", bench.work + ".none", exchange="")
        assert bench.broker.publish([unwanted, wanted, nowhere, wanted]) == [unwanted, nowhere]
        assert bench.ready(bench.work, 2) == 2

    def test_nothing_published_is_nothing_returned(self, bench: Bench) -> None:
        assert bench.broker.publish([]) == []

    def test_the_empty_exchange_goes_straight_to_a_queue(self, bench: Bench) -> None:
        assert bench.broker.publish([Message(b"7", bench.work, exchange="")]) == []
        assert numbers(take(bench.broker.subscribe([bench.work], prefetch=1), 1)) == [7]

    def test_a_missing_exchange_is_an_error(self, bench: Bench) -> None:
        with pytest.raises(TopologyMismatch, match=r"nowhere.*topology apply"):
            bench.broker.publish([Message(b"", "key", exchange=f"{bench.name}-nowhere")], timeout=SOON)
        bench.publish(1)

    def test_a_star_is_one_word_and_a_hash_any_number(self, bench: Bench) -> None:
        keys = ["granule.a.wanted", "granule.a.b.wanted", "granule.wanted", "bulk", "bulk.a.b", "bulky"]
        returned = bench.broker.publish([bench.message(key=key) for key in keys])
        assert [message.routing_key for message in returned] == ["granule.a.b.wanted", "granule.wanted", "bulky"]
        assert (bench.ready(bench.work, 1), bench.ready(bench.bulk, 2)) == (1, 2)

    def test_a_message_goes_once_into_a_queue_that_wants_it_twice(self, bench: Bench) -> None:
        bench.broker.apply(Topology(bindings=(Binding(bench.work, "granule.#", bench.name),)))
        bench.publish(3)
        assert numbers(take(bench.broker.subscribe([bench.work], prefetch=9), 3)) == [0, 1, 2]
        assert bench.broker.depth(bench.work).ready == 0

    def test_an_acked_message_is_gone(self, bench: Bench) -> None:
        bench.publish(3)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        subscription.ack(*take(subscription, 3))
        subscription.close()
        assert bench.ready(bench.work, 0) == 0

    def test_acks_in_any_order_count(self, bench: Bench) -> None:
        bench.publish(6)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        taken = take(subscription, 6)
        for which in ([4], [1, 0], [5, 3]):
            subscription.ack(*(taken[number] for number in which))
        subscription.close()
        assert bench.ready(bench.work, 1) == 1
        assert numbers(take(bench.broker.subscribe([bench.work], prefetch=10), 1)) == [2]

    def test_settling_twice_does_nothing_and_is_counted(self, bench: Bench) -> None:
        bench.publish(2)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        first, second = take(subscription, 2)
        subscription.ack(first)
        subscription.ack(first)
        subscription.reject(first, requeue=True)
        subscription.ack(second, second)
        subscription.close()
        assert subscription.settled_too_late == 3
        assert bench.ready(bench.work, 0) == 0

    def test_get_waits_no_longer_than_it_is_told(self, bench: Bench) -> None:
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        began = time.monotonic()
        assert subscription.get(AT_ONCE) is None
        assert AT_ONCE * 0.9 <= time.monotonic() - began < AT_ONCE + 1

    def test_get_without_a_time_limit_ends_when_something_comes(self, bench: Bench) -> None:
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        later = threading.Timer(AT_ONCE, bench.publish, [1])
        later.start()
        delivery = subscription.get(None)
        later.join()
        assert delivery is not None and delivery.body == b"0"

    def test_drain_takes_what_is_here(self, bench: Bench) -> None:
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        assert subscription.drain(5) == []
        bench.publish(4)
        drained = take(subscription, 1)
        deadline = time.monotonic() + SOON
        while len(drained) < 3 and time.monotonic() < deadline:
            drained += subscription.drain(3 - len(drained))
        assert numbers(drained) == [0, 1, 2]

    def test_no_more_is_given_than_the_prefetch(self, bench: Bench) -> None:
        bench.publish(5)
        subscription = bench.broker.subscribe([bench.work], prefetch=2)
        first, second = take(subscription, 2)
        assert subscription.get(AT_ONCE) is None
        subscription.ack(second)
        assert numbers(take(subscription, 1)) == [2]
        assert subscription.get(AT_ONCE) is None
        subscription.reject(first, requeue=False)
        assert numbers(take(subscription, 1)) == [3]

    def test_the_first_queue_comes_first_but_the_last_does_not_starve(self, bench: Bench) -> None:
        bench.publish(12)
        bench.publish(12, "bulk")
        subscription = bench.broker.subscribe([bench.work, bench.bulk], prefetch=12)
        # Let both queues be delivered before the choice is made.
        time.sleep(AT_ONCE)
        queues = [delivery.queue for delivery in take(subscription, 12)]
        assert Counter(queues) == {bench.work: 9, bench.bulk: 3}
        assert bench.bulk not in queues[:3]

    def test_who_asks_for_some_queues_gets_of_them_alone(self, bench: Bench) -> None:
        bench.publish(2, "bulk")
        subscription = bench.broker.subscribe([bench.work, bench.bulk], prefetch=12)
        assert subscription.get(AT_ONCE, [bench.work]) is None
        with ThreadPoolExecutor(2) as threads:
            new = threads.submit(subscription.get, SOON, [bench.work])
            assert [delivery.queue for delivery in take(subscription, 2)] == [bench.bulk] * 2
            bench.publish(1)
            found = new.result(SOON)
        assert found is not None
        assert found.queue == bench.work

    def test_cancel_gives_back_what_nobody_took(self, bench: Bench) -> None:
        bench.publish(5)
        subscription = bench.broker.subscribe([bench.work], prefetch=4)
        taken = take(subscription, 2)
        subscription.cancel()
        assert subscription.get(SOON) is None
        assert subscription.drain(10) == []
        assert bench.ready(bench.work, 3) == 3
        subscription.ack(*taken)
        subscription.close()
        others = take(bench.broker.subscribe([bench.work], prefetch=10), 3)
        assert sorted(numbers(others)) == [2, 3, 4]
        assert bench.broker.depth(bench.work).ready == 0

    def test_cancel_wakes_who_waits(self, bench: Bench) -> None:
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        later = threading.Timer(AT_ONCE, subscription.cancel)
        later.start()
        assert subscription.get(None) is None
        later.join()

    def test_close_gives_back_what_is_not_settled(self, bench: Bench) -> None:
        bench.publish(3)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        subscription.ack(take(subscription, 3)[1])
        subscription.close()
        again = take(bench.broker.subscribe([bench.work], prefetch=10), 2)
        assert sorted(numbers(again)) == [0, 2]
        assert all(delivery.redelivered for delivery in again)

    def test_a_nacked_message_comes_again(self, bench: Bench) -> None:
        bench.publish(2)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        subscription.nack(*take(subscription, 2))
        again = take(subscription, 2)
        assert sorted(numbers(again)) == [0, 1]
        assert all(delivery.redelivered for delivery in again)

    def test_a_rejected_message_comes_again_and_its_failures_are_counted(self, bench: Bench) -> None:
        bench.publish(1)
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        for failures in range(3):
            [delivery] = take(subscription, 1)
            assert (delivery.delivery_count, delivery.redelivered) == (failures, failures > 0)
            subscription.reject(delivery, requeue=True)

    def test_a_message_rejected_for_good_is_a_dead_letter_with_its_reason(self, bench: Bench) -> None:
        sent = Message(b"bad", "granule.ssmis.wanted", bench.name, {"ce-id": "1"}, "event-1")
        bench.broker.publish([sent])
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        subscription.reject(take(subscription, 1)[0], requeue=False)
        [letter] = take(bench.broker.subscribe([bench.dead], prefetch=1), 1)
        assert (letter.body, letter.message_id, letter.headers["ce-id"]) == (b"bad", "event-1", "1")
        assert letter.headers["x-first-death-queue"] == bench.work
        assert letter.headers["x-first-death-reason"] == "rejected"

    def test_a_message_that_fails_too_often_is_a_dead_letter(self, bench: Bench) -> None:
        bench.publish(1)
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        dead = bench.broker.subscribe([bench.dead], prefetch=1)
        failures = 0
        while (delivery := subscription.get(1.0)) is not None:
            subscription.reject(delivery, requeue=True)
            failures += 1
            assert failures <= DELIVERY_LIMIT + 1
        assert failures >= DELIVERY_LIMIT
        [letter] = take(dead, 1)
        assert letter.headers["x-first-death-reason"] == "delivery_limit"

    def test_an_interrupted_subscription_goes_on_and_stale_acks_are_dropped(self, bench: Bench) -> None:
        bench.publish(3)
        subscription = bench.broker.subscribe([bench.work], prefetch=10)
        before = take(subscription, 3)
        bench.broker.interrupt()
        again = take(subscription, 3)
        assert sorted(numbers(again)) == [0, 1, 2]
        assert all(delivery.redelivered for delivery in again)
        subscription.ack(*before)
        subscription.ack(again[0])
        subscription.close()
        assert subscription.settled_too_late == 3
        assert bench.ready(bench.work, 2) == 2

    def test_publishing_goes_on_after_an_interruption(self, bench: Bench) -> None:
        bench.publish(1)
        bench.broker.interrupt()
        bench.publish(1)
        assert bench.ready(bench.work, 2) == 2

    def test_depth_counts_what_waits_and_who_consumes(self, bench: Bench) -> None:
        bench.publish(4)
        assert bench.ready(bench.work, 4) == 4
        assert bench.broker.depth(bench.work).consumers == 0
        subscription = bench.broker.subscribe([bench.work], prefetch=4)
        assert bench.broker.depth(bench.work).consumers == 1
        take(subscription, 4)
        assert bench.ready(bench.work, 0) == 0

    def test_a_missing_queue_is_an_error_that_says_what_to_do(self, bench: Bench) -> None:
        missing = f"{bench.name}.missing"
        with pytest.raises(QueueMissing, match=r"missing.*topology apply"):
            bench.broker.depth(missing)
        with pytest.raises(QueueMissing, match="missing"):
            bench.broker.subscribe([bench.work, missing], prefetch=1)
        assert bench.broker.depth(bench.work).ready == 0

    def test_a_topology_is_applied_again_without_harm(self, bench: Bench) -> None:
        bench.publish(2)
        bench.broker.apply(bench.topology())
        assert bench.ready(bench.work, 2) == 2

    def test_a_changed_argument_is_a_clear_error(self, bench: Bench) -> None:
        with pytest.raises(TopologyMismatch, match=rf"{bench.name}.work.*x-delivery-limit"):
            bench.broker.apply(bench.topology(limit=5))

    def test_last_received_moves_when_something_comes(self, bench: Bench) -> None:
        subscription = bench.broker.subscribe([bench.work], prefetch=1)
        before = subscription.last_received
        assert before <= time.monotonic()
        bench.publish(1)
        take(subscription, 1)
        assert before < subscription.last_received <= time.monotonic()

    def test_a_free_broker_does_not_hold_back(self, bench: Bench) -> None:
        bench.publish(1)
        assert bench.broker.blocked() is False

    def test_four_publishers_and_two_consumers_lose_nothing_and_double_nothing(self, bench: Bench) -> None:
        publishers, batches, size = 4, 10, 25
        expected = Counter(range(publishers * batches * size))
        taken: list[list[int]] = [[], []]
        deadline = time.monotonic() + 6 * SOON

        def publish(publisher: int) -> None:
            for batch in range(batches):
                first = (publisher * batches + batch) * size
                bench.broker.publish([bench.message(number) for number in range(first, first + size)])

        def consume(consumer: int) -> None:
            subscription = bench.broker.subscribe([bench.work], prefetch=50)
            while sum(map(len, taken)) < expected.total() and time.monotonic() < deadline:
                delivery = subscription.get(0.1)
                if delivery is not None:
                    deliveries = [delivery, *subscription.drain(10)]
                    taken[consumer] += numbers(deliveries)
                    subscription.ack(*deliveries)
            subscription.close()

        threads = [threading.Thread(target=publish, args=[number]) for number in range(publishers)]
        threads += [threading.Thread(target=consume, args=[number]) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(taken[0] + taken[1]) == expected
        assert bench.ready(bench.work, 0) == 0
