from __future__ import annotations

from collections.abc import Iterator

import pytest

from icestream_runtime.broker_contract import BrokerContract
from icestream_runtime.rabbitmq import RabbitBroker


class TestRabbitBroker(BrokerContract):
    @pytest.fixture
    def broker(self, amqp_url: str) -> Iterator[RabbitBroker]:
        broker = RabbitBroker(amqp_url, "contract")
        yield broker
        broker.close()
