from __future__ import annotations

from collections.abc import Iterator

import pytest

from icestream_runtime.broker_contract import BrokerContract
from icestream_runtime.memory import MemoryBroker


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self) -> Iterator[MemoryBroker]:
        broker = MemoryBroker()
        yield broker
        broker.close()
