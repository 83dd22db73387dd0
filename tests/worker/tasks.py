"""Tasks of the third party's plugin of the tests, made by hand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from icestream_core.granule import Asset, Granule
from icestream_core.plugins import Plugins
from icestream_core.slot import Slot
from icestream_core.task import Task, TaskInput, inputs_hash
from icestream_runtime.metrics import Metrics
from icestream_runtime.storage import Storage
from icestream_worker.children import Children
from icestream_worker.handle import Handler
from worker import leaving

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
load_tally = leaving.load
"""What a child loads: it finds the plugin on the path that it has from the tests."""


def load_tally_once_there_is(path: Path) -> Plugins:
    """Load as `load_tally`, but not before there is such a file."""
    while not path.exists():
        time.sleep(0.02)
    return load_tally()


def count_granule(directory: Path, value: object, number: int = 0, collection: str = "count") -> Granule:
    """Write a count and return its granule."""
    start = START + number * SECOND
    path = directory / f"{collection}_{start:%Y%m%dT%H%M%S}_a.txt"
    path.write_text(f"{value}\n")
    checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    return Granule(
        granule_id=path.stem,
        checksum=checksum,
        collection=collection,
        sensor="abacus",
        platform="abacus",
        tile="a",
        start=start,
        end=start + SECOND,
        assets=(Asset(href=str(path), size=path.stat().st_size, checksum=checksum, media_type="text/plain"),),
        published_at=start,
        received_at=datetime.now(UTC),
    )


def task_of(product: str, granule: Granule, **changes: Any) -> Task:
    """Return the task to make a product of one granule."""
    inputs = {"count": (TaskInput(granule=granule),)}
    fields = {
        "slot": Slot(
            product=product,
            period=f"{granule.start:%Y%m%dT%H%M%S}",
            start=granule.start,
            end=granule.end,
            tile=granule.tile,
        ),
        "version": "1.0.0",
        "token": hashlib.sha256(f"{product}{granule.granule_id}".encode()).hexdigest()[:32],
        "inputs_hash": inputs_hash(inputs, {}),
        "inputs": inputs,
        "created_at": START,
    }
    return Task(**(fields | changes))


@contextmanager
def handling(storage: Storage, children: Children, metrics: Metrics | None = None) -> Iterator[Handler]:
    """Give a handler of the tally's products."""
    handler = Handler(load_tally().products, storage, children, metrics or Metrics(), worker="test")
    try:
        yield handler
    finally:
        handler.close()
        children.close()
