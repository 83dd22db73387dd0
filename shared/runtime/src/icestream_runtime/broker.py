"""What a broker does for the services: the contract that RabbitMQ and the memory broker both keep.

Every method may be called from any thread. Delivery is at-least-once: a message is gone only when it was acked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from icestream_core.errors import IcestreamError
from icestream_core.message import CONTENT_TYPE, MAX_BYTES
from icestream_core.naming import EXCHANGE

if TYPE_CHECKING:
    from icestream_runtime.topology import Topology

MAX_NAME: Final = 255
"""The longest name, key or header name that AMQP 0-9-1 carries, bytes."""


class BrokerError(IcestreamError):
    """The broker did not do what was asked."""


class BrokerUnavailable(BrokerError):
    """No answer from the broker in time. Nothing was done, or may be asked again without harm."""


class BrokerRefused(BrokerError):
    """The broker refuses us: a wrong password, user, virtual host, permission or certificate. Do not try again."""


class BrokerClosed(BrokerError):
    """This broker object, or this subscription, was closed by its owner."""


class PublishNotConfirmed(BrokerError):
    """Messages went out but were not confirmed in time. Each may or may not have arrived: publish them again.

    messages : those without a confirm, and those that no queue wanted, of which nobody would hear otherwise; in the
        order given
    """

    def __init__(self, reason: str, messages: Sequence[Message]) -> None:
        super().__init__(reason)
        self.messages = tuple(messages)


class QueueMissing(BrokerError):
    """The queue does not exist."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"queue {queue} does not exist on the broker. Make it: icestream topology apply")
        self.queue = queue


class TopologyMismatch(BrokerError):
    """An exchange or queue is missing, or exists with other arguments than are wanted."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish. The empty exchange sends straight to the queue that `routing_key` names.

    Raises ValueError for what the wire cannot carry.
    """

    body: bytes
    routing_key: str
    exchange: str = EXCHANGE
    headers: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""
    content_type: str = CONTENT_TYPE

    def __post_init__(self) -> None:
        if len(self.body) > MAX_BYTES:
            raise ValueError(
                f"a message of {len(self.body)} bytes; at most {MAX_BYTES} are allowed: send a reference to the data"
            )
        for name in (self.routing_key, self.exchange, self.message_id, self.content_type, *self.headers):
            if len(name.encode()) > MAX_NAME:
                raise ValueError(f"{name[:40]!r}... has {len(name.encode())} bytes; at most {MAX_NAME} are allowed")
        for name, value in self.headers.items():
            if not isinstance(value, str):
                raise TypeError(f"header {name} is a {type(value).__name__}; headers are text")
            value.encode()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came; owed an ack, a reject or a nack on the subscription that gave it.

    delivery_count : how often it failed before; RabbitMQ before 4.3 also counts when a consumer went away
    token : what the subscription needs to settle it
    """

    body: bytes
    headers: Mapping[str, str]
    queue: str
    routing_key: str
    redelivered: bool
    delivery_count: int
    token: object
    message_id: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait in a queue, not counting those given out, and how many consumers it has."""

    ready: int
    consumers: int


class Subscription(Protocol):
    """A consumer of one or more queues.

    Where several queues have something, the first named comes first; every fourth turn goes to the last named,
    so that nothing starves.
    """

    @property
    def last_received(self) -> float:
        """When something last came, time.monotonic(); before that, when the subscription began."""

    @property
    def settled_too_late(self) -> int:
        """How many settlements were dropped because the connection that gave the message is gone: it comes again."""

    def get(self, timeout: float | None, among: Collection[str] | None = None) -> Delivery | None:
        """Return the next delivery, or None after `timeout` seconds (None: wait for ever) or when cancelled.

        among : of these queues alone
        Raises BrokerRefused when the broker will not have us back.
        """

    def drain(self, limit: int) -> list[Delivery]:
        """Return up to `limit` deliveries that are here already, without waiting."""

    def ack(self, *deliveries: Delivery) -> None:
        """Say that these are done. Does not wait."""

    def reject(self, delivery: Delivery, requeue: bool) -> None:
        """Say that this message failed: it comes again, or goes to the dead letters (`requeue=False`, or too often)."""

    def nack(self, *deliveries: Delivery) -> None:
        """Give these back through no fault of theirs: the service is shutting down."""

    def cancel(self) -> None:
        """Stop receiving; what nobody took goes back; what was given may still be settled."""

    def close(self) -> None:
        """Cancel, and give back everything that is not settled."""


class Broker(Protocol):
    """A message broker with durable queues, publisher confirms and dead letters."""

    def publish(self, messages: Sequence[Message], timeout: float = 30.0) -> list[Message]:
        """Publish, wait until the broker has every message safe, and return those that no queue wanted.

        Through a lost connection it is tried again until `timeout`, so a message may arrive twice.
        Raises BrokerUnavailable (nothing was sent), PublishNotConfirmed, TopologyMismatch (no such exchange),
        BrokerRefused.
        """

    def subscribe(self, queues: Sequence[str], prefetch: int) -> Subscription:
        """Consume the queues, in order of preference, with at most `prefetch` unsettled messages from each.

        Raises QueueMissing, BrokerUnavailable, BrokerRefused.
        """

    def depth(self, queue: str, timeout: float = 10.0) -> Depth:
        """Return how full the queue is; raises QueueMissing, BrokerUnavailable, BrokerRefused."""

    def apply(self, topology: Topology) -> None:
        """Declare what is missing. Raises TopologyMismatch where something exists with other arguments."""

    def bind(self, queue: str, routing_keys: Iterable[str]) -> None:
        """Let the queue have what is published on `icestream` with these keys; `*` is a word, `#` any words."""

    def blocked(self) -> bool:
        """Tell whether the broker holds back publishers because it is short of memory or disk. Blocked is not dead."""

    def close(self) -> None:
        """Give back what is not settled and let go of the broker."""
