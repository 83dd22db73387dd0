"""Small products and granules for the tests of core and of the gatherer."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from icestream_core.granule import Asset, Granule
from icestream_core.grid import CHINA_025
from icestream_core.inputs import Input, source
from icestream_core.period import Interval, day
from icestream_core.pick import Recorded
from icestream_core.product import OnGrid, Product
from icestream_core.slot import Slot
from icestream_core.variable import Variable

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FIRST = datetime(2014, 2, 1, tzinfo=UTC)
SETTLE = timedelta(minutes=10)


def sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def tb(**given: Any) -> Input:
    """Return an input that reads the collection `tb`."""
    return Input(**{"sources": (source("tb"),), "patience": 12 * HOUR} | given)


def product(inputs: dict[str, Input] | None = None, **given: Any) -> Product:
    """Return a product of days that reads `tb`, unless told otherwise."""
    asked: dict[str, Any] = {
        "name": "depth",
        "version": "1.0.0",
        "title": "Depth",
        "summary": "A product of tests.",
        "family": "tests",
        "inputs": inputs or {"tb": tb()},
        "period": day(),
        "kind": OnGrid(grid=CHINA_025),
        "writes": {"depth": Variable(unit="m", long_name="depth", valid=(0, 1))},
        "fidelity": "inspired-by",
        "compute": dict,
    }
    return Product(**asked | given)


def granule(number: float = 0, name: str = "tb", *, content: str = "", days: float = 1, **given: Any) -> Granule:
    """Return a granule of the collection `name` that begins `number` days after the first of February 2014."""
    start = given.get("start", FIRST + number * DAY)
    words = [name, f"{start:%Y%m%dT%H%M%S}", *(given.get(word, "") for word in ("platform", "tile", "part", "variant"))]
    granule_id = given.pop("granule_id", ".".join(word for word in words if word))
    checksum = sha256(f"{granule_id} {content}")
    asked: dict[str, Any] = {
        "granule_id": granule_id,
        "checksum": checksum,
        "collection": name,
        "sensor": "ssmis",
        "start": start,
        "end": start + days * DAY,
        "assets": () if given.get("void") else (Asset(href=f"file:///{granule_id}", size=1, checksum=checksum),),
        "published_at": start,
        "received_at": start,
    }
    return Granule(**asked | given)


def recorded(*granules: Granule, at: datetime = FIRST + 10 * DAY) -> list[Recorded]:
    return [Recorded(each, at) for each in granules]


def slot(number: int = 0, of: Product | None = None, **given: Any) -> Slot:
    """Return the slot of the period in which a day after the first of February 2014 lies."""
    interval = (of.period if of else day()).containing(FIRST + number * DAY)
    assert interval is not None
    return slot_of(interval, of, **given)


def slot_of(interval: Interval, of: Product | None = None, **given: Any) -> Slot:
    return Slot(
        product=of.name if of else "depth",
        period=interval.label,
        start=interval.start,
        end=interval.end,
        **given,
    )
