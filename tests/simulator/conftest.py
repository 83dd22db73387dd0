"""One simulated world for all tests of the simulator, and the readers to look at its files with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icestream_core.collection import Opened, recognise
from icestream_core.granule import Asset, Granule
from icestream_readers import icestream_collections
from icestream_simulator.truth import Truth

CHECKSUM = "sha256:" + "0" * 64


@pytest.fixture(scope="session")
def truth() -> Truth:
    return Truth(seed=1)


@pytest.fixture
def read() -> Callable[[Path], Opened]:
    """Open a file as the stream would: known by its name, read by its collection."""

    def opened(path: Path) -> Opened:
        known = recognise(path.name, icestream_collections())
        assert known is not None, f"no collection knows {path.name}"
        collection, facts = known
        now = datetime(2026, 1, 1, tzinfo=UTC)
        granule = Granule(
            **facts._asdict(),
            checksum=CHECKSUM,
            collection=collection.name,
            sensor=collection.sensor_of(facts.platform),
            assets=(Asset(href=str(path), size=path.stat().st_size, checksum=CHECKSUM),),
            published_at=now,
            received_at=now,
        )
        return collection.open(path, granule)

    return opened
