"""Years of a few cells, made by hand, in which snow is dry before a day that is known and wet from it on."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import xarray as xr

from icestream_surface_melt.melt_onset_high_asia import melt_onset_high_asia

CELLS = 200
DRY = {"tb_19v": 240.0, "tb_19h": 232.0, "tb_22v": 236.0, "tb_37v": 215.0, "tb_37h": 205.0, "tb_91v": 190.0,
       "tb_91h": 185.0}  # fmt: skip
WET = {"tb_19v": 262.0, "tb_19h": 250.0, "tb_22v": 262.0, "tb_37v": 261.0, "tb_37h": 246.0, "tb_91v": 250.0,
       "tb_91h": 242.0}  # fmt: skip
BARE = {"tb_19v": 252.0, "tb_19h": 244.0, "tb_22v": 252.0, "tb_37v": 252.0, "tb_37h": 244.0, "tb_91v": 252.0,
        "tb_91h": 248.0}  # fmt: skip
THAWED = {"tb_19v": 268.0, "tb_19h": 262.0, "tb_22v": 268.0, "tb_37v": 267.0, "tb_37h": 262.0, "tb_91v": 270.0,
          "tb_91h": 268.0}  # fmt: skip
"""K: dry snow, wet snow, ground that is frozen and ground that is not."""


def year_of(
    onset: np.ndarray, *, noise: float = 0.6, first: int = 1, last: int = 200, ground: bool = False
) -> xr.Dataset:
    """Return a year in which snow is dry before a day of each cell, and wet from it on."""
    random = np.random.default_rng(5)
    days = np.arange(first, last + 1)
    wet = days[:, None] >= onset[None, :]
    before, after = (BARE, THAWED) if ground else (DRY, WET)
    data = {}
    for channel in DRY:
        seen = np.where(wet, after[channel], before[channel]) + random.normal(0.0, noise, wet.shape)
        data[channel] = (("granule", "y", "x"), seen[:, None, :].astype(np.float32))
    times = [np.datetime64(date(2014, 1, 1) + timedelta(days=int(day) - 1), "ns") for day in days]
    places = {"lat": ("y", [48.0]), "lon": ("x", 60.0 + 0.25 * np.arange(onset.size)), "time": ("granule", times)}
    return xr.Dataset(data, places, {"platform": "F17", "sensor": "ssmis"})


def run(tb: xr.Dataset, land: float | np.ndarray = 1.0) -> dict[str, np.ndarray]:
    shape = (1, tb.sizes["x"])
    elevation = xr.Dataset({"elevation": (("y", "x"), np.full(shape, 1500.0))})
    fraction = xr.Dataset({"land_fraction": (("y", "x"), np.broadcast_to(np.float64(land), shape))})
    return {name: np.asarray(values)[0] for name, values in melt_onset_high_asia(tb, elevation, fraction).items()}
