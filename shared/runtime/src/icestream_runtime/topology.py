"""The exchange, queues and bindings of the stream, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from icestream_core.naming import CATALOGUE, DEAD, EXCHANGE, INTAKE, MODES, OUTCOMES, make_queue

ANNOUNCEMENTS: Final = "product.#"
"""The routing keys of everything that is announced."""

DELIVERY_LIMIT: Final = 20
"""How often a message may come back before it is dead. A backstop: the ledger counts attempts, and stops at five."""

NEVER: Final = 1_000_000
"""The delivery limit of the dead letters themselves: RabbitMQ 4 drops them after 20 unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable topic exchange."""

    name: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue. Its arguments can never be changed while it exists, so they hold only what never changes."""

    name: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """What is published on the exchange with a key that matches goes into the queue."""

    queue: str
    routing_key: str
    exchange: str = EXCHANGE


@dataclass(frozen=True, slots=True)
class Topology:
    """What a broker must hold before anything runs."""

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()


def work_queue(name: str, dead: str = DEAD, limit: int = DELIVERY_LIMIT) -> Queue:
    """Return a replicated queue whose failed messages go, without loss, straight to the queue `dead`.

    At-least-once dead-lettering needs `reject-publish`; without a maximum length, which is for a policy to set,
    that never rejects.
    """
    arguments: dict[str, str | int] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return Queue(name, arguments)


def dead_queue(name: str = DEAD) -> Queue:
    """Return a replicated queue that keeps dead letters until somebody acks them."""
    return Queue(name, {"x-queue-type": "quorum", "x-delivery-limit": NEVER})


def topology(products: Iterable[str] = (), bindings: Iterable[str] = ()) -> Topology:
    """Return the topology of the stream.

    products : names of products; each gets its queue and the one for backfill
    bindings : routing keys that the intake wants, such as `granule.ssmis.nsidc-0032` or `product.snow.*`
    """
    tasks = [work_queue(make_queue(product, mode)) for product in products for mode in MODES]
    return Topology(
        exchanges=(Exchange(EXCHANGE),),
        # The dead letters first: a queue may have some as soon as it exists.
        queues=(dead_queue(), work_queue(INTAKE), work_queue(OUTCOMES), *tasks),
        bindings=tuple(Binding(INTAKE, key) for key in bindings),
    )


def catalogue_topology() -> Topology:
    """Return what the catalogue adds: its queue. It is no part of `topology`: without a reader it would only grow."""
    return Topology(
        exchanges=(Exchange(EXCHANGE),),
        queues=(dead_queue(), work_queue(CATALOGUE)),
        bindings=(Binding(CATALOGUE, ANNOUNCEMENTS),),
    )
