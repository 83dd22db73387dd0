"""Products that sleep past their time limit, eat memory, crash or raise; each with a collection of its own."""

from __future__ import annotations

import ctypes
import functools
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from icestream_core.collection import Collection
from icestream_tally.tally import counted, facts

if TYPE_CHECKING:
    import xarray as xr


def sleep(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Sleep for as many seconds as the count says."""
    time.sleep(float(count["count"].values[0, 0]))
    return {"made": count["count"].values}


def eat(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Fill memory, 64 MB at a time, until somebody intervenes."""
    eaten = []
    while len(eaten) < 100:
        eaten.append(np.ones(8_000_000))
        time.sleep(0.05)
    return {"made": count["count"].values}


def crash(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Read address nought: SIGSEGV."""
    ctypes.string_at(0)
    return {"made": count["count"].values}


def stumble(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Raise."""
    raise ZeroDivisionError("the product stumbled")


def collection(name: str) -> Collection:
    return Collection(
        name=name,
        title=f"Counts for the product that will {name}",
        sensor="abacus",
        patterns=(name + "_{start:%Y%m%dT%H%M%S}_{station}.txt",),
        facts=functools.partial(facts, name=name),
        opener="icestream_tally.tally:open_count",
    )


COLLECTIONS = [collection(name) for name in ("sleep", "eat", "crash", "stumble")]
PRODUCTS = [
    counted("tally-sleep", sleep, "made", "sleep", time_limit=timedelta(seconds=3)),
    counted("tally-eat", eat, "made", "eat", memory_limit=700 * 2**20),
    counted("tally-crash", crash, "made", "crash"),
    counted("tally-stumble", stumble, "made", "stumble"),
]
