from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icestream_core.collection import Collection, Opened
from icestream_core.granule import Asset, Granule

Arrive = Callable[[Collection, str], Granule]


def arrive(collection: Collection, filename: str) -> Granule:
    """Return the granule that a file of this name arrives as."""
    facts = collection.parse(filename)
    assert facts is not None, f"{filename} is not of {collection.name}"
    checksum, now = "sha256:" + "0" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    return Granule(
        **facts._asdict(),
        checksum=checksum,
        collection=collection.name,
        sensor=collection.sensor_of(facts.platform),
        assets=(Asset(href=filename, size=0, checksum=checksum),),
        published_at=now,
        received_at=now,
    )


@pytest.fixture(name="arrive")
def arrive_fixture() -> Arrive:
    return arrive


@pytest.fixture
def open_as() -> Callable[[Collection, Path, str], Opened]:
    """Open a file as if it had come under another name."""
    return lambda collection, path, filename: collection.open(path, arrive(collection, filename))
