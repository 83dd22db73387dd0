"""What RabbitMQ does on a bad day: it dies, hangs, is short of memory, refuses, loses a queue."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest
from pika.adapters.select_connection import IOLoop

from icestream_core.naming import INTAKE, OUTCOMES
from icestream_runtime.broker import (
    Broker,
    BrokerClosed,
    BrokerRefused,
    BrokerUnavailable,
    Delivery,
    Message,
    PublishNotConfirmed,
    Subscription,
)
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.rabbitmq.link import CLOSE_TIMEOUT, REFUSALS_BELIEVED
from icestream_runtime.rabbitmq.parameters import connection_parameters
from icestream_runtime.topology import topology
from parts.rabbitmq import PrivateRabbitMQ

BODY = b"x" * 1024


@pytest.fixture
def broker(rabbitmq: PrivateRabbitMQ, amqp_url: str) -> Iterator[RabbitBroker]:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology(bindings=["granule.#"]))
    yield broker
    broker.close()


def granule(number: int) -> Message:
    return Message(BODY, "granule.test", message_id=str(number))


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def take(subscription: Subscription, seconds: float = 30.0) -> Delivery:
    delivery = subscription.get(seconds)
    assert delivery is not None
    return delivery


def publish_stubbornly(broker: Broker, messages: list[Message]) -> None:
    """Publish as a service does: again, until it is confirmed."""
    while True:
        try:
            assert broker.publish(messages, timeout=5) == []
        except (BrokerUnavailable, PublishNotConfirmed):
            continue
        return


def test_nothing_is_lost_when_the_broker_is_killed_under_load(rabbitmq: PrivateRabbitMQ, broker: RabbitBroker) -> None:
    batches, size = 150, 20
    published = threading.Event()
    seen: Counter[str] = Counter()

    def publish(publisher: int) -> None:
        for batch in range(publisher, batches, 2):
            publish_stubbornly(broker, [granule(batch * size + number) for number in range(size)])
            time.sleep(0.05)

    def consume() -> None:
        subscription = broker.subscribe([INTAKE], prefetch=100)
        while not (published.is_set() and len(seen) == batches * size):
            delivery = subscription.get(0.5)
            if delivery is not None:
                deliveries = [delivery, *subscription.drain(10)]
                seen.update(each.message_id for each in deliveries)
                subscription.ack(*deliveries)
        subscription.close()

    # RabbitMQ has a queue on disk no sooner than this.
    time.sleep(3)
    with ThreadPoolExecutor(3) as pool:
        publishers = [pool.submit(publish, number) for number in range(2)]
        consumer = pool.submit(consume)
        for _ in range(2):
            time.sleep(random.uniform(0.3, 1.0))
            rabbitmq.kill()
            time.sleep(random.uniform(0, 1.0))
            rabbitmq.start()
        for publisher in publishers:
            publisher.result(120)
        published.set()
        consumer.result(120)
    assert seen.keys() == {str(number) for number in range(batches * size)}
    wait_until(lambda: broker.depth(INTAKE).ready == 0)


def test_a_callback_that_computes_five_heartbeats_keeps_its_connection(
    rabbitmq: PrivateRabbitMQ, amqp_url: str
) -> None:
    broker = RabbitBroker(amqp_url, "test", heartbeat=2)
    broker.apply(topology(bindings=["granule.#"]))
    broker.publish([granule(1)])
    subscription = broker.subscribe([INTAKE], prefetch=1)
    delivery = take(subscription)
    until = time.monotonic() + 10
    rounds = 0
    while time.monotonic() < until:
        rounds += sum(range(1000)) > 0
    subscription.ack(delivery)
    subscription.close()
    assert rounds > 0 and subscription.settled_too_late == 0
    assert broker.depth(INTAKE).ready == 0
    broker.close()


def test_an_alarm_holds_back_publishers_and_nobody_else(
    rabbitmq: PrivateRabbitMQ, amqp_url: str, broker: RabbitBroker
) -> None:
    broker.publish([granule(number) for number in range(100)])
    subscription = broker.subscribe([INTAKE], prefetch=10)
    rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
    try:
        with ThreadPoolExecutor(1) as pool:
            publishing = pool.submit(broker.publish, [granule(number) for number in range(100, 200)], 60)
            wait_until(broker.blocked)
            with pytest.raises(BrokerUnavailable, match="low on memory"):
                broker.publish([granule(999)], timeout=1)
            seen = []
            for _ in range(100):
                delivery = take(subscription)
                seen.append(delivery.message_id)
                subscription.ack(delivery)
            assert broker.depth(INTAKE, timeout=5).ready == 0
            assert not publishing.done()
            # The first message of a connection is taken, and has it held back.
            other = RabbitBroker(amqp_url, "other")
            assert len(other.publish([Message(b"", "nobody.wants")])) == 1
            wait_until(other.blocked)
            begun = time.monotonic()
            other.close()
            assert time.monotonic() - begun < CLOSE_TIMEOUT
            rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1GB")
            assert publishing.result(60) == []
    finally:
        rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1GB")
    wait_until(lambda: not broker.blocked())
    for _ in range(100):
        delivery = take(subscription)
        seen.append(delivery.message_id)
        subscription.ack(delivery)
    assert seen == [str(number) for number in range(200)]
    assert subscription.get(0.2) is None
    assert subscription.settled_too_late == 0


def test_a_broker_that_hangs_is_unavailable_and_comes_back(rabbitmq: PrivateRabbitMQ, broker: RabbitBroker) -> None:
    subscription = broker.subscribe([INTAKE], prefetch=1)
    broker.publish([granule(0)])
    subscription.ack(take(subscription))
    rabbitmq.pause()
    with pytest.raises(BrokerUnavailable, match="no answer"):
        broker.depth(INTAKE, timeout=0.5)
    with pytest.raises(PublishNotConfirmed, match="1 of 1 messages") as raised:
        broker.publish([granule(1)], timeout=0.5)
    assert raised.value.messages == (granule(1),)
    rabbitmq.resume()
    broker.publish([granule(2)])
    assert [take(subscription).message_id] == ["1"]
    assert broker.depth(OUTCOMES).consumers == 0


def test_a_full_queue_takes_nothing_more_until_there_is_room(
    rabbitmq: PrivateRabbitMQ, broker: RabbitBroker, amqp_url: str
) -> None:
    vhost = amqp_url.rpartition("/")[2]
    rabbitmq.ctl("set_policy", "-p", vhost, "full", "^icestream.intake$", '{"max-length": 10}', "--apply-to", "queues")
    # A burst may overshoot, and the policy takes effect a moment later.
    with pytest.raises(PublishNotConfirmed, match="a queue is full"):
        for number in range(200):
            broker.publish([granule(number)], timeout=1)
    subscription = broker.subscribe([INTAKE], prefetch=200)
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(broker.publish, [granule(999)], 30)
        while (delivery := take(subscription)).message_id != "999":
            subscription.ack(delivery)
        assert publishing.result(30) == []


def test_a_service_may_start_before_its_broker(rabbitmq: PrivateRabbitMQ, broker: RabbitBroker, amqp_url: str) -> None:
    time.sleep(3)
    broker.publish([granule(1)])
    rabbitmq.kill()
    with ThreadPoolExecutor(1) as pool:
        early = RabbitBroker(amqp_url, "early")
        subscribing = pool.submit(early.subscribe, [INTAKE], 1)
        time.sleep(0.5)
        rabbitmq.start()
        assert take(subscribing.result(60)).message_id == "1"
        early.close()


def test_a_consumer_comes_back_when_its_queue_does(
    rabbitmq: PrivateRabbitMQ, broker: RabbitBroker, amqp_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    subscription = broker.subscribe([INTAKE], prefetch=1)
    rabbitmq.manage("DELETE", f"queues/{amqp_url.rpartition('/')[2]}/{INTAKE}")
    wait_until(lambda: f"cancelled the consumer of {INTAKE}" in caplog.text)
    broker.apply(topology(bindings=["granule.#"]))
    broker.publish([granule(5)])
    assert take(subscription).message_id == "5"


def test_queues_that_go_at_once_do_not_end_the_connection(
    rabbitmq: PrivateRabbitMQ,
    broker: RabbitBroker,
    amqp_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("icestream_runtime.rabbitmq.consumer.RESUBSCRIBE_PAUSE", 0.1)
    subscription = broker.subscribe([INTAKE, OUTCOMES], prefetch=1)
    asleep, awake = threading.Event(), threading.Event()

    def sleep() -> None:
        asleep.set()
        awake.wait(10)

    # Asleep, it hears of both together.
    broker._consuming.call(sleep)
    assert asleep.wait(5)
    for queue in (INTAKE, OUTCOMES):
        rabbitmq.manage("DELETE", f"queues/{amqp_url.rpartition('/')[2]}/{queue}")
    time.sleep(0.1)
    awake.set()
    for queue in (INTAKE, OUTCOMES):
        wait_until(lambda queue=queue: f"cancelled the consumer of {queue}" in caplog.text, 10)  # type: ignore[misc]
    broker.apply(topology(bindings=["granule.#"]))
    broker.publish([granule(5)])
    assert take(subscription).message_id == "5"
    assert "no connection" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda url: url.replace(":guest@", ":wrong@"), "ACCESS_REFUSED"),
        (lambda url: f"{url}-none", "vhost .* not found"),
    ],
    ids=["password", "virtual host"],
)
def test_a_refusal_is_said_at_once_and_not_tried_again(amqp_url: str, wrong: Callable[[str], str], reason: str) -> None:
    broker = RabbitBroker(wrong(amqp_url), "test")
    began = time.monotonic()
    for attempt in (
        lambda: broker.publish([granule(1)]),
        lambda: broker.depth(INTAKE),
        lambda: broker.subscribe([INTAKE], 1),
        lambda: broker.publish([granule(1)]),
        lambda: broker.publish([granule(1)]),
    ):
        with pytest.raises(BrokerRefused, match=reason) as raised:
            attempt()
        assert "wrong@" not in str(raised.value) and "Check user, password" in str(raised.value)
    assert time.monotonic() - began < 5
    broker.close()


def test_a_refusal_that_comes_before_anything_was_asked_is_said_at_once(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    start, stop = threading.Thread.start, IOLoop.stop

    def start_and_see_it_refused(thread: threading.Thread) -> None:
        start(thread)
        # pika has threads, too.
        if "test" in thread.name:
            over.wait(2)

    def stop_and_dawdle(loop: IOLoop) -> None:
        stop(loop)
        over.set()
        time.sleep(0.3)
        over.clear()

    monkeypatch.setattr(threading.Thread, "start", start_and_see_it_refused)
    monkeypatch.setattr(IOLoop, "stop", stop_and_dawdle)
    broker = RabbitBroker(amqp_url.replace(":guest@", ":wrong@"), "test")
    began = time.monotonic()
    for attempt in (
        lambda: broker.publish([granule(1)]),
        lambda: broker.publish([granule(1)]),
        lambda: broker.depth(INTAKE),
    ):
        with pytest.raises(BrokerRefused, match="ACCESS_REFUSED"):
            attempt()
    # What is lost is waited for 10 s and 30 s.
    assert time.monotonic() - began < 9
    broker.close()


class DiesInTheHandshake:
    """A broker that ends each connection where it should open the virtual host, as one does that is killed then."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://guest:guest@127.0.0.1:{self.listening.getsockname()[1]}/test"
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        start = pika.spec.Connection.Start(server_properties={}, mechanisms="PLAIN", locales="en_US")
        tune = pika.spec.Connection.Tune(channel_max=10, frame_max=131072, heartbeat=0)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections += 1
                with connection:
                    for method in (start, tune, None):
                        connection.recv(65536)
                        if method is not None:
                            connection.sendall(pika.frame.Method(0, method).marshal())


def test_a_broker_that_dies_while_it_takes_us_in_has_refused_nothing_unless_it_does_so_again() -> None:
    dying = DiesInTheHandshake()
    broker = RabbitBroker(dying.url, "test")
    with pytest.raises(BrokerRefused, match="Transport indicated EOF"):
        broker.publish([granule(1)], timeout=20)
    assert dying.connections == REFUSALS_BELIEVED
    broker.close()
    dying.listening.close()


def test_a_broker_that_is_not_there_is_unavailable_with_the_reason() -> None:
    broker = RabbitBroker("amqp://guest:secret@127.0.0.1:1/%2F", "test")
    with pytest.raises(BrokerUnavailable, match=r"guest:\*\*\*@127\.0\.0\.1:1.*refused") as raised:
        broker.publish([granule(1)], timeout=0.5)
    assert "secret" not in str(raised.value)
    with pytest.raises(BrokerUnavailable, match="refused"):
        broker.depth(INTAKE, timeout=0.5)
    broker.close()


def test_a_closed_broker_says_so(broker: RabbitBroker) -> None:
    subscription = broker.subscribe([INTAKE], prefetch=1)
    broker.publish([granule(1)])
    delivery = take(subscription)
    broker.close()
    subscription.ack(delivery)
    assert subscription.settled_too_late == 1
    for attempt in (
        lambda: broker.publish([granule(1)]),
        lambda: broker.depth(INTAKE),
        lambda: broker.subscribe([INTAKE], 1),
        lambda: subscription.get(1),
    ):
        with pytest.raises(BrokerClosed):
            attempt()
    broker.close()


def test_an_ack_just_before_close_counts(broker: RabbitBroker, amqp_url: str) -> None:
    broker.publish([granule(number) for number in range(50)])
    subscription = broker.subscribe([INTAKE], prefetch=50)
    subscription.ack(*[take(subscription) for _ in range(50)])
    broker.close()
    again = RabbitBroker(amqp_url, "again")
    assert again.depth(INTAKE).ready == 0
    again.close()


def test_an_operator_sees_whose_connection_it_is(rabbitmq: PrivateRabbitMQ, broker: RabbitBroker) -> None:
    broker.publish([granule(1)])
    names = rabbitmq.ctl("list_connections", "client_properties")
    assert "icestream-test-" in names
    assert "-publish" in names and "-consume" in names


def test_tls_trusts_only_what_it_is_told() -> None:
    parameters = connection_parameters("amqps://user:pw@broker.example/vhost", "name", 30)
    assert parameters.port == 5671 and parameters.ssl_options.server_hostname == "broker.example"
    assert parameters.ssl_options.context.check_hostname
    assert connection_parameters("amqp://broker.example", "name", 30).ssl_options is None
    with pytest.raises(ValueError, match="wanted amqp://"):
        connection_parameters("http://user:pw@broker.example", "name", 30)
    with pytest.raises(FileNotFoundError):
        RabbitBroker("amqps://broker.example", "test", cafile=__file__ + ".none")  # type: ignore[arg-type]
