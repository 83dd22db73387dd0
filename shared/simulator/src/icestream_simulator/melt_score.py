"""How near the melt products come to the truth of the simulated world.

What a threshold of 30 K can tell is compared: firn that is wet, or dry, at both passes of the day. Firn that is wet at
one of them alone is in between, and so is a trace of water. A large ice sheet is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from icestream_core.grid import lonlat
from icestream_core.period import Interval
from icestream_simulator.melt_truth import LEAST_WATER, firn_water
from icestream_simulator.truth import Truth

MOST_CELLS = 200_000
PASS_HOURS = {"amsr2": (1.5, 13.5), "other": (5.5, 17.5)}
"""Local solar time of the passes, hours."""
TRACE = 0.0001
"""Less water than this, volume fraction, is none."""
NO_MELT, MELT = 0, 1
FEWEST = 50
"""Cells, fewer than which tell nothing."""
MELT_FOUND, DRY_FOUND = 0.85, 0.97


class Measure(NamedTuple):
    """One measure, as of `score.Score`."""

    name: str
    value: float
    tolerance: float
    unit: str
    cells: int
    at_least: bool = True


def melt_measures(data: xr.Dataset, period: Interval, truth: Truth) -> Iterator[Measure]:
    """Give the share of wet and of dry firn that is found to be so.

    data : `melt` on lat and lon, and the attribute `instrument`
    """
    codes = np.asarray(data["melt"].squeeze(), dtype=np.float64)
    every = int(np.ceil(np.sqrt(codes.size / MOST_CELLS)))
    half = every // 2
    codes = codes[half::every, half::every]
    lon, lat = (np.asarray(data[name], dtype=np.float64)[half::every] for name in ("lon", "lat"))
    step = float(lon[1] - lon[0])
    grid = lonlat("of the melt", float(lon[0]) - step / 2, float(lat[0]) + step / 2, step, lon.size, lat.size)
    hours = PASS_HOURS["amsr2" if "amsr2" in str(data.attrs.get("instrument", "")) else "other"]
    water = np.stack([firn_water(truth, grid, period.start.date(), hour) for hour in hours])
    known = np.isin(codes, (NO_MELT, MELT))
    wet, dry = known & (water >= LEAST_WATER).all(axis=0), known & (water < TRACE).all(axis=0)
    for name, where, code, tolerance in (
        ("melt found", wet, MELT, MELT_FOUND),
        ("dry firn found", dry, NO_MELT, DRY_FOUND),
    ):
        if where.sum() >= FEWEST:
            yield Measure(name, float((codes[where] == code).mean()), tolerance, "1", int(where.sum()))
