"""A house with two products, one of which reads the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.specimens import product, tb
from gatherer.house import House
from icestream_core.inputs import source
from icestream_gatherer import ticker

DEPTH = product({"tb": tb(sources=(source("tb", needs="19h 37h"),))})
FINE = product({"depth": tb(sources=(source("depth"),))}, name="fine")


@pytest.fixture(autouse=True)
def no_waiting_for_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "UNSEEN_SECONDS", 0.0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, DEPTH, FINE)
    yield house
    house.close()
