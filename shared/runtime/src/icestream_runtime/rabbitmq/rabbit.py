"""The broker contract on RabbitMQ: one connection that publishes, and one that consumes, asks and declares.

Two, because a broker that is short of memory stops reading from whoever publishes: acks on the same
connection would stall, and nothing would ever get less.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from icestream_runtime.broker import (
    BrokerError,
    BrokerRefused,
    Depth,
    Message,
    QueueMissing,
    TopologyMismatch,
)
from icestream_runtime.rabbitmq.consumer import RabbitSubscription
from icestream_runtime.rabbitmq.declarer import ChannelRefused, Declarer, Request
from icestream_runtime.rabbitmq.link import Link
from icestream_runtime.rabbitmq.parameters import connection_name, connection_parameters
from icestream_runtime.rabbitmq.publisher import Publisher
from icestream_runtime.secret_url import without_password
from icestream_runtime.topology import Binding, Exchange, Queue, Topology

HEARTBEAT: Final = 30
RECONNECT: Final = 15.0
ANSWER_TIMEOUT: Final = 30.0
"""How long to wait for a broker that may just be starting, s."""


class RabbitBroker:
    """RabbitMQ behind `icestream_runtime.broker.Broker`. It connects when it is first used."""

    def __init__(
        self,
        url: str,
        service: str,
        *,
        heartbeat: int = HEARTBEAT,
        reconnect: float = RECONNECT,
        cafile: Path | None = None,
        certfile: Path | None = None,
        keyfile: Path | None = None,
    ) -> None:
        """Take note of where the broker is.

        url : amqp://user:password@host:port/vhost, or amqps:// for TLS
        service : watcher, gatherer, worker ...: part of the connections' names
        heartbeat : s
        reconnect : the longest pause between attempts to come back, s
        cafile : certificates to trust instead of the system's; certfile, keyfile : our own, where the broker wants one
        Raises ValueError for a URL that is none.
        """

        def link(role: str) -> Link:
            name = connection_name(service, role)
            return Link(
                connection_parameters(url, name, heartbeat, cafile, certfile, keyfile), without_password(url), reconnect
            )

        self._consuming, self._publishing = link("consume"), link("publish")
        self._lock = threading.Lock()
        self._declarer: Declarer | None = None
        self._publisher: Publisher | None = None

    def publish(self, messages: Sequence[Message], timeout: float = 30.0) -> list[Message]:
        with self._lock:
            self._publisher = self._publisher or Publisher(self._publishing)
        return self._publisher.publish(messages, timeout)

    def subscribe(self, queues: Sequence[str], prefetch: int) -> RabbitSubscription:
        if not queues or prefetch < 1:
            raise ValueError(
                f"subscribe to at least one queue with a prefetch of at least 1; got {list(queues)} and {prefetch}"
            )
        subscription = RabbitSubscription(self._consuming, queues, prefetch)
        try:
            subscription.started.result(ANSWER_TIMEOUT)
        except TimeoutError:
            subscription.close()
            raise self._consuming.unavailable(ANSWER_TIMEOUT) from None
        except BrokerError:
            subscription.close()
            raise
        return subscription

    def depth(self, queue: str, timeout: float = 10.0) -> Depth:
        try:
            answer = self._ask(lambda channel, done: channel.queue_declare(queue, passive=True, callback=done), timeout)
        except ChannelRefused as refused:
            raise self._explain(refused, f"queue {queue}", queue) from None
        return Depth(ready=answer.method.message_count, consumers=answer.method.consumer_count)

    def apply(self, topology: Topology) -> None:
        for exchange in topology.exchanges:
            self._make_exchange(exchange)
        for queue in topology.queues:
            self._make_queue(queue)
        for binding in topology.bindings:
            self._make_binding(binding)

    def bind(self, queue: str, routing_keys: Iterable[str]) -> None:
        for routing_key in routing_keys:
            self._make_binding(Binding(queue, routing_key))

    def blocked(self) -> bool:
        return self._publishing.blocked

    def interrupt(self) -> None:
        """Drop both connections, as a network may; they come back by themselves. For tests and drills."""
        self._consuming.interrupt()
        self._publishing.interrupt()

    def close(self) -> None:
        self._publishing.close()
        self._consuming.close()

    def _make_exchange(self, exchange: Exchange) -> None:
        self._declare(
            f"exchange {exchange.name}",
            lambda channel, done: channel.exchange_declare(
                exchange.name, exchange_type="topic", durable=True, callback=done
            ),
        )

    def _make_queue(self, queue: Queue) -> None:
        arguments = dict(queue.arguments)
        self._declare(
            f"queue {queue.name}",
            lambda channel, done: channel.queue_declare(queue.name, durable=True, arguments=arguments, callback=done),
        )

    def _make_binding(self, binding: Binding) -> None:
        queue, exchange, key = binding.queue, binding.exchange, binding.routing_key
        self._declare(
            f"binding of {queue} to {exchange} by {key}",
            lambda channel, done: channel.queue_bind(queue, exchange, routing_key=key, callback=done),
        )

    def _declare(self, what: str, request: Request) -> None:
        try:
            self._ask(request, ANSWER_TIMEOUT)
        except ChannelRefused as refused:
            raise self._explain(refused, what) from None

    def _ask(self, request: Request, timeout: float) -> Any:
        with self._lock:
            self._declarer = self._declarer or Declarer(self._consuming)
        return self._declarer.ask(request, timeout)

    def _explain(self, refused: ChannelRefused, what: str, queue: str | None = None) -> Exception:
        """Return the error that says what the broker's code means for what was asked."""
        if refused.code == 403:
            return BrokerRefused(f"{self._consuming.address} does not allow {what}: {refused.text}")
        if refused.code == 404 and queue is not None:
            return QueueMissing(queue)
        if refused.code == 406:
            return TopologyMismatch(
                f"{what} exists with other arguments: {refused.text}. Arguments cannot be changed: "
                "empty and delete it, then run icestream topology apply"
            )
        return TopologyMismatch(f"{what} cannot be made: {refused.text}")
