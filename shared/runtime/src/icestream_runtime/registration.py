"""Registration: the records of products, sent to the stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from icestream_core import naming
from icestream_core.message import Registration, cloud_event, encode, event_id
from icestream_core.product import Product
from icestream_runtime.broker import Broker, Message

SOURCE: Final = "icestream/register"


def record_messages(products: Sequence[Product], source: str = SOURCE) -> list[Message]:
    """Return the messages that bring the records of products to the intake.

    source : who says it, for the event
    """
    now = datetime.now(UTC)
    messages = []
    for product in products:
        identity = event_id("register", product.name, product.version)
        record = Registration(record=product.record())
        headers = cloud_event(record, source, identity, now)
        key = naming.registration_key(product.name)
        messages.append(Message(encode(record), key, headers=headers, message_id=identity))
    return messages


def send_records(broker: Broker, products: Sequence[Product], timeout: float = 30.0) -> list[str]:
    """Publish the records of products; return the names of those that no queue wanted."""
    returned = {message.routing_key for message in broker.publish(record_messages(products), timeout)}
    return [product.name for product in products if naming.registration_key(product.name) in returned]
