"""Who may do what on the broker, as data: the least that each service needs.

The chart's users and definitions are made of this, and a test runs the stream with nothing else.
Patterns are RabbitMQ's: `configure` makes queues and exchanges; `write` publishes, binds a queue and dead-letters;
`read` consumes, binds to an exchange and makes queues that dead-letter. `amq.default` is the exchange that sends
straight to a queue. On a topic exchange the routing key must match too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from icestream_core.naming import CATALOGUE, DEAD, EXCHANGE, INTAKE, OUTCOMES

NOTHING: Final = "^$"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one user may do in the virtual host of the stream.

    publishes, listens : routing keys on the exchange `icestream`
    tags : of the management interface
    """

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    publishes: str = NOTHING
    listens: str = NOTHING
    tags: tuple[str, ...] = ()


def _just(*names: str) -> str:
    """Return the pattern of these names, or patterns, and of no others."""
    return f"^({'|'.join(names)})$"


TASKS: Final = r"icestream\.make\.[^.]+(\.bulk)?"
_INTAKE, _OUTCOMES, _DEAD, _DEFAULT = (re.escape(name) for name in (INTAKE, OUTCOMES, DEAD, "amq.default"))
_CATALOGUE: Final = re.escape(CATALOGUE)
_ALL: Final = _just(EXCHANGE, _INTAKE, _OUTCOMES, _DEAD, TASKS)

PERMISSIONS: Final[dict[str, Permissions]] = {
    "watcher": Permissions(write=_just(EXCHANGE), publishes=r"^(granule|letter)\."),
    "gatherer": Permissions(
        configure=_ALL,
        write=_just(EXCHANGE, _INTAKE, _DEFAULT),
        read=_ALL,
        publishes=r"^product\.",
        listens=r"^(granule|product|register|letter)\.",
    ),
    "worker": Permissions(write=_just(EXCHANGE, _DEFAULT), read=_just(TASKS), publishes=r"^register\."),
    "catalogue": Permissions(
        configure=_just(EXCHANGE, _DEAD, _CATALOGUE),
        write=_just(_CATALOGUE, _DEFAULT),
        read=_just(EXCHANGE, _CATALOGUE),
        listens=r"^product\.",
    ),
    # Of the job that makes exchange and queues before anything else starts.
    "topology": Permissions(
        configure=_ALL, write=_just(_INTAKE, _DEFAULT), read=_ALL, listens=r"^(granule|product|register|letter)\."
    ),
    # Reads the lengths of queues by the management interface, and nothing else.
    "scaler": Permissions(tags=("management",)),
}
