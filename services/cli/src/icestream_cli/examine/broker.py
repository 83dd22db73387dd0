"""The broker: whether it answers, lets us in, and holds what the stream needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from icestream_cli.examine.finding import Finding
from icestream_cli.registration import topology_of
from icestream_core import naming
from icestream_core.errors import SettingsError
from icestream_core.product import Product
from icestream_runtime.broker import (
    Broker,
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    Message,
    QueueMissing,
    TopologyMismatch,
)
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.settings import Settings
from icestream_runtime.topology import Topology

BROKER, TOPOLOGY, PERMISSIONS = "broker", "topology", "permissions"
APPLY = "icestream topology apply"
NOBODY = "doctor.nobody"
"""A routing key that nobody binds to: what is published with it comes back."""
NAMED = 6
"""How many missing queues are named: `icestream topology show` has them all."""


def examine_broker(settings: Settings, products: Sequence[Product], timeout: float) -> list[Finding]:
    """Return what was found; of the queues, those of these products."""
    if settings.amqp_url is None:
        found = "none is set: messages are in memory, which only `icestream run` can do"
        return [Finding(BROKER, "look", found, "for many processes set ICESTREAM_AMQP_URL")]
    try:
        opened = open_rabbitmq(settings, "doctor")
    except SettingsError as error:
        return [Finding(BROKER, "wrong", str(error), "mend the setting, or what it names")]
    with closing(opened) as broker:
        try:
            broker.depth(naming.INTAKE, timeout)
        except QueueMissing:
            pass
        except BrokerRefused as error:
            advice = "look at user, password and virtual host in ICESTREAM_AMQP_URL, and at the user's permissions"
            return [Finding(BROKER, "wrong", str(error), advice)]
        except BrokerError as error:
            return [Finding(BROKER, "wrong", str(error), "start it, or mend ICESTREAM_AMQP_URL; look at firewalls")]
        findings = [Finding(BROKER, "ok", f"{settings.amqp_url} answers")]
        return [*findings, *_exchange(broker, timeout), *_queues(broker, products, timeout)]


def probe(broker: Broker, timeout: float) -> None:
    """Publish what nobody wants; raises where the exchange is not there, refuses us, or the broker takes nothing.

    Twice: a broker that is short of memory or disk tells only who publishes, and takes the first.
    """
    for _ in range(2):
        broker.publish([Message(b"", NOBODY)], timeout)


def _exchange(broker: Broker, timeout: float) -> Iterator[Finding]:
    """Tell whether the exchange is there, and we may write to it."""
    try:
        probe(broker, timeout)
    except TopologyMismatch as error:
        yield Finding(TOPOLOGY, "wrong", str(error), APPLY)
    except BrokerRefused as error:
        yield Finding(PERMISSIONS, "look", f"this user may not publish {NOBODY!r}: {error}", "right for a narrow user")
    except BrokerError as error:
        held_back = "nothing is lost; rabbitmqctl status tells what is short: free memory or disk"
        yield Finding(BROKER, "wrong", str(error), held_back if broker.blocked() else "look at the broker's log")
    else:
        yield Finding(PERMISSIONS, "ok", f"this user publishes on {naming.EXCHANGE}")


def _queues(broker: Broker, products: Sequence[Product], timeout: float) -> Iterator[Finding]:
    wanted = topology_of(products).queues
    missing, unlike, untold = [], [], []
    idle: list[str] = []
    for queue in wanted:
        try:
            depth = broker.depth(queue.name, timeout)
            # It is there, so this declares nothing: it asks whether the arguments are the same.
            broker.apply(Topology(queues=(queue,)))
        except QueueMissing:
            missing.append(queue.name)
        except TopologyMismatch as error:
            unlike.append(str(error))
        except BrokerRefused:
            untold.append(queue.name)
        except BrokerUnavailable as error:
            yield Finding(BROKER, "wrong", str(error), "look at the broker's log")
            return
        else:
            if depth.ready and not depth.consumers:
                idle.append(f"{depth.ready} in {queue.name}")
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        found = f"{len(missing)} of {len(wanted)} queues are missing: {', '.join(missing[:NAMED])}{more}"
        yield Finding(TOPOLOGY, "wrong", found, APPLY)
    for each in unlike:
        yield Finding(TOPOLOGY, "wrong", each, "arguments never change: drain and delete the queue, then apply")
    if untold:
        found = f"this user may not compare the arguments of {', '.join(untold)}"
        yield Finding(TOPOLOGY, "unknown", found, "ask as the user of the gatherer")
    if idle:
        found = f"messages wait, and nobody consumes: {', '.join(idle)}"
        yield Finding(TOPOLOGY, "look", found, "start a gatherer (intake, outcomes, dead), or workers of the product")
    if not (missing or unlike or untold):
        yield Finding(TOPOLOGY, "ok", f"{len(wanted)} queues are there, with the arguments that are wanted")
