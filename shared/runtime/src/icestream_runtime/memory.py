"""The broker contract in one process, without a server: for `icestream run`, for the demo and for anybody's tests.

It keeps at most `capacity` bytes; a publisher then waits, as it does while RabbitMQ is short of memory.
Nothing outlives the process: who needs that offers the work again at start.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from icestream_runtime.broker import (
    BrokerClosed,
    BrokerUnavailable,
    Delivery,
    Depth,
    Message,
    PublishNotConfirmed,
    QueueMissing,
    TopologyMismatch,
)
from icestream_runtime.topology import Binding, Topology
from icestream_runtime.turns import Turns

CAPACITY: Final = 256 * 2**20
OVERHEAD: Final = 1024
"""What a message costs beside its body, bytes."""


@dataclass(slots=True, eq=False)
class Held:
    """A message in a queue, or given out. It is its own token: unequal to every other."""

    message: Message
    queue: str
    failures: int = 0
    redelivered: bool = False

    @property
    def size(self) -> int:
        return len(self.message.body) + OVERHEAD


@dataclass(slots=True, eq=False)
class MemoryQueue:
    """A queue and who consumes it."""

    arguments: Mapping[str, str | int]
    ready: deque[Held] = field(default_factory=deque)
    subscriptions: list[MemorySubscription] = field(default_factory=list)


class MemoryBroker:
    """Queues in memory behind `icestream_runtime.broker.Broker`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Make an empty broker that holds at most `capacity` bytes of messages."""
        self.lock = threading.RLock()
        self.closed = False
        self._capacity = capacity
        self._size = 0
        self._room = threading.Condition(self.lock)
        self._held_back = 0
        self._exchanges: dict[str, set[Binding]] = {}
        self._queues: dict[str, MemoryQueue] = {}
        self._routes: dict[tuple[str, str], tuple[str, ...]] = {}

    def publish(self, messages: Sequence[Message], timeout: float = 30.0) -> list[Message]:
        deadline = time.monotonic() + timeout
        returned = []
        with self.lock:
            for done, message in enumerate(messages):
                queues = self._route(message.exchange, message.routing_key)
                if not queues:
                    returned.append(message)
                for queue in queues:
                    held = Held(message, queue)
                    if not self._wait_for_room(held.size, deadline - time.monotonic()):
                        full = f"the memory broker is full: {self._size} of {self._capacity} bytes after {timeout:g} s"
                        again = [*returned, *messages[done:]]
                        raise PublishNotConfirmed(full, again) if done else BrokerUnavailable(full)
                    self._size += held.size
                    self._put(held)
        return returned

    def subscribe(self, queues: Sequence[str], prefetch: int) -> MemorySubscription:
        if not queues or prefetch < 1:
            raise ValueError(
                f"subscribe to at least one queue with a prefetch of at least 1; got {list(queues)} and {prefetch}"
            )
        with self.lock:
            self._raise_if_closed()
            lanes = {name: self._queue(name) for name in queues}
            subscription = MemorySubscription(self, lanes, prefetch)
            for queue in lanes.values():
                queue.subscriptions.append(subscription)
        return subscription

    def depth(self, queue: str, timeout: float = 10.0) -> Depth:  # noqa: ARG002 - memory answers at once
        with self.lock:
            self._raise_if_closed()
            found = self._queue(queue)
            return Depth(ready=len(found.ready), consumers=len(found.subscriptions))

    def apply(self, topology: Topology) -> None:
        with self.lock:
            self._raise_if_closed()
            for exchange in topology.exchanges:
                self._exchanges.setdefault(exchange.name, set())
            for queue in topology.queues:
                existing = self._queues.setdefault(queue.name, MemoryQueue(dict(queue.arguments)))
                if existing.arguments != queue.arguments:
                    found = f"it has {existing.arguments}, wanted {dict(queue.arguments)}"
                    raise TopologyMismatch(f"queue {queue.name} exists with other arguments: {found}")
            for binding in topology.bindings:
                self._bind(binding)

    def bind(self, queue: str, routing_keys: Iterable[str]) -> None:
        with self.lock:
            self._raise_if_closed()
            for routing_key in routing_keys:
                self._bind(Binding(queue, routing_key))

    def blocked(self) -> bool:
        return self._held_back > 0

    def interrupt(self) -> None:
        """Do what a lost connection does: everything given out comes again. For tests and drills."""
        with self.lock:
            for subscription in {each for queue in self._queues.values() for each in queue.subscriptions}:
                subscription.forget()

    def close(self) -> None:
        with self.lock:
            self.interrupt()
            self.closed = True
            self._room.notify_all()
            for queue in self._queues.values():
                for subscription in queue.subscriptions:
                    subscription.arrived.notify_all()

    def give_back(self, held: Held, front: bool) -> None:
        """Put a message that was given out into its queue again, with a new token; under the lock."""
        self._put(replace(held, redelivered=True), front)

    def done(self, held: Held) -> None:
        """Forget an acked message; under the lock."""
        self._size -= held.size
        self._room.notify_all()

    def fail(self, held: Held, requeue: bool) -> None:
        """Offer a failed message again, or put it to the dead letters; under the lock."""
        held.failures += 1
        limit = self._queues[held.queue].arguments.get("x-delivery-limit")
        if requeue and (limit is None or held.failures <= int(limit)):
            # To the back: a poisoned message must not keep the others waiting.
            self.give_back(held, front=False)
            return
        self.done(held)
        self._bury(held, "delivery_limit" if requeue else "rejected")

    def _bury(self, held: Held, reason: str) -> None:
        arguments = self._queues[held.queue].arguments
        if "x-dead-letter-exchange" not in arguments:
            return
        exchange = str(arguments["x-dead-letter-exchange"])
        key = str(arguments.get("x-dead-letter-routing-key", held.message.routing_key))
        death = {
            "x-first-death-queue": held.queue,
            "x-first-death-reason": reason,
            "x-first-death-exchange": held.message.exchange,
        }
        letter = replace(held.message, exchange=exchange, routing_key=key, headers=death | dict(held.message.headers))
        for queue in self._route(exchange, key):
            dead = Held(letter, queue)
            # Past the capacity if it must be: the dead took the same room when they lived.
            self._size += dead.size
            self._put(dead)

    def _put(self, held: Held, front: bool = False) -> None:
        queue = self._queues[held.queue]
        if front:
            queue.ready.appendleft(held)
        else:
            queue.ready.append(held)
        for subscription in queue.subscriptions:
            # All: who wakes may wait for other queues than this one.
            subscription.arrived.notify_all()

    def _wait_for_room(self, size: int, timeout: float) -> bool:
        if self._size + size > self._capacity:
            self._held_back += 1
            self._room.wait_for(lambda: self._size + size <= self._capacity or self.closed, max(0.0, timeout))
            self._held_back -= 1
        self._raise_if_closed()
        return self._size + size <= self._capacity

    def _route(self, exchange: str, routing_key: str) -> tuple[str, ...]:
        """Return the queues for a message; the empty exchange goes to the queue of that name."""
        self._raise_if_closed()
        if not exchange:
            return (routing_key,) if routing_key in self._queues else ()
        if exchange not in self._exchanges:
            raise TopologyMismatch(
                f"exchange {exchange} does not exist on the broker. Make it: icestream topology apply"
            )
        route = self._routes.get((exchange, routing_key))
        if route is None:
            words = routing_key.split(".")
            bindings = self._exchanges[exchange]
            route = tuple(sorted({each.queue for each in bindings if matches(each.routing_key.split("."), words)}))
            if len(self._routes) >= 10_000:
                self._routes.clear()
            self._routes[exchange, routing_key] = route
        return route

    def _bind(self, binding: Binding) -> None:
        self._queue(binding.queue)
        if binding.exchange not in self._exchanges:
            raise TopologyMismatch(f"{binding.queue} cannot be bound: exchange {binding.exchange} does not exist")
        self._exchanges[binding.exchange].add(binding)
        self._routes.clear()

    def _queue(self, name: str) -> MemoryQueue:
        if name not in self._queues:
            raise QueueMissing(name)
        return self._queues[name]

    def _raise_if_closed(self) -> None:
        if self.closed:
            raise BrokerClosed("the memory broker was closed")


class MemorySubscription:
    """A consumer of queues in memory; see `icestream_runtime.broker.Subscription`."""

    def __init__(self, broker: MemoryBroker, lanes: Mapping[str, MemoryQueue], prefetch: int) -> None:
        self.last_received = time.monotonic()
        self.settled_too_late = 0
        self.arrived = threading.Condition(broker.lock)
        self._broker = broker
        self._lanes = lanes
        self._prefetch = prefetch
        self._turns = Turns(list(lanes))
        self._given: dict[str, int] = dict.fromkeys(lanes, 0)
        # In the order given, so that what comes back keeps its order.
        self._unsettled: dict[Held, None] = {}
        self._cancelled = False

    def get(self, timeout: float | None, among: Collection[str] | None = None) -> Delivery | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.arrived:
            while (delivery := self._next(among)) is None and not self._cancelled:
                self._raise_if_closed()
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    break
                self.arrived.wait(remaining)
            return delivery

    def drain(self, limit: int) -> list[Delivery]:
        taken: list[Delivery] = []
        with self.arrived:
            while len(taken) < limit and (delivery := self._next()) is not None:
                taken.append(delivery)
        return taken

    def ack(self, *deliveries: Delivery) -> None:
        with self.arrived:
            for held in self._settle(deliveries):
                self._broker.done(held)

    def reject(self, delivery: Delivery, requeue: bool) -> None:
        with self.arrived:
            for held in self._settle([delivery]):
                self._broker.fail(held, requeue)

    def nack(self, *deliveries: Delivery) -> None:
        with self.arrived:
            for held in reversed(self._settle(deliveries)):
                self._broker.give_back(held, front=True)

    def cancel(self) -> None:
        with self.arrived:
            self._cancelled = True
            for queue in self._lanes.values():
                if self in queue.subscriptions:
                    queue.subscriptions.remove(self)
            self.arrived.notify_all()

    def close(self) -> None:
        with self.arrived:
            self.cancel()
            self.forget()

    def forget(self) -> None:
        """Give back everything that is not settled; under the lock."""
        unsettled, self._unsettled = list(self._unsettled), {}
        self._given = dict.fromkeys(self._lanes, 0)
        for held in reversed(unsettled):
            self._broker.give_back(held, front=True)

    def _next(self, among: Collection[str] | None = None) -> Delivery | None:
        if self._cancelled or self._broker.closed:
            return None
        for name in self._turns.order():
            ready = self._lanes[name].ready
            if ready and (among is None or name in among) and self._given[name] < self._prefetch:
                held = ready.popleft()
                self._turns.took()
                self._given[name] += 1
                self._unsettled[held] = None
                self.last_received = time.monotonic()
                return Delivery(
                    body=held.message.body,
                    headers=dict(held.message.headers),
                    queue=name,
                    routing_key=held.message.routing_key,
                    redelivered=held.redelivered,
                    delivery_count=held.failures,
                    token=held,
                    message_id=held.message.message_id,
                    content_type=held.message.content_type,
                )
        return None

    def _settle(self, deliveries: Sequence[Delivery]) -> list[Held]:
        settled = []
        for delivery in deliveries:
            held = delivery.token
            if isinstance(held, Held) and held in self._unsettled:
                del self._unsettled[held]
                self._given[held.queue] -= 1
                settled.append(held)
            else:
                self.settled_too_late += 1
        # There is room for more in the prefetch.
        self.arrived.notify_all()
        return settled

    def _raise_if_closed(self) -> None:
        if self._broker.closed:
            raise BrokerClosed("the memory broker was closed")


def matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether a routing key matches a binding, word by word; `*` is one word, `#` any number of them."""
    if not pattern:
        return not words
    first, rest = pattern[0], pattern[1:]
    if first == "#":
        return any(matches(rest, words[start:]) for start in range(len(words) + 1))
    return bool(words) and first in ("*", words[0]) and matches(rest, words[1:])
