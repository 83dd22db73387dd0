from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import reduce

import pika
import pytest
from pika import data

from icestream_runtime.broker_contract import BrokerContract
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import Queue, Topology


class TestRabbitBroker(BrokerContract):
    @pytest.fixture
    def broker(self, amqp_url: str) -> Iterator[RabbitBroker]:
        broker = RabbitBroker(amqp_url, "contract")
        yield broker
        broker.close()


def test_headers_that_cannot_be_read_end_no_connection(amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from whoever may publish, and the message would come again."""
    no_date = b"T" + struct.pack(">Q", 2**63)
    tables = reduce(lambda inner, _: b"F" + struct.pack(">I", len(inner) + 2) + b"\1a" + inner, range(2000), b"V")
    arrays = reduce(lambda inner, _: b"A" + struct.pack(">I", len(inner)) + inner, range(3000), b"V")
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(Topology(queues=(Queue("strange"),)))
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()

    def encode(pieces: list[bytes], value: bytes) -> int:
        pieces.append(value)
        return len(value)

    with monkeypatch.context() as patched:
        patched.setattr(data, "encode_value", encode)
        for value in (no_date, tables, arrays):
            channel.basic_publish("", "strange", b"x", pika.BasicProperties(headers={"a": value}))
    channel.basic_publish("", "strange", b"x", pika.BasicProperties(headers={"a": "1"}))
    connection.close()
    subscription = broker.subscribe(["strange"], 10)
    deliveries = [delivery for _ in range(4) if (delivery := subscription.get(5.0)) is not None]
    assert [delivery.headers for delivery in deliveries] == [{}, {}, {}, {"a": "1"}]
    subscription.ack(*deliveries)
    broker.close()
