"""Registration: the records of products, sent to the stream; and the queues that they need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from icestream_core import naming
from icestream_core.message import Registration, cloud_event, encode, event_id
from icestream_core.product import Product
from icestream_runtime.broker import Broker, Message
from icestream_runtime.topology import Topology, topology

SOURCE = "icestream/cli"


def topology_of(products: Sequence[Product]) -> Topology:
    """Return the topology that a stream with these products has."""
    keys = [key for product in products for key in naming.binding_keys(product)]
    return topology([product.name for product in products], dict.fromkeys(["register.*", *keys]))


def send_records(broker: Broker, products: Sequence[Product], timeout: float = 30.0) -> list[str]:
    """Publish the records of products; return the names of those that no queue wanted."""
    messages = []
    for product in products:
        identity = event_id("register", product.name, product.version)
        record = Registration(record=product.record())
        headers = cloud_event(record, SOURCE, identity, datetime.now(UTC))
        key = naming.registration_key(product.name)
        messages.append(Message(encode(record), key, headers=headers, message_id=identity))
    returned = {message.routing_key for message in broker.publish(messages, timeout)}
    return [product.name for product in products if naming.registration_key(product.name) in returned]
