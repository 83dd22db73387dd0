"""Years of a few cells, made by hand, in which snow is dry before a day that is known and wet from it on: as a
radiometer sees them, and a radar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import xarray as xr

from icestream_core.slot import Slot
from icestream_surface_melt.melt_onset_high_asia import melt_onset_high_asia
from icestream_surface_melt.melt_onset_quikscat import PRODUCT, melt_onset_quikscat

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


IMAGE_DAYS = 4


def images_of(
    onset: np.ndarray,
    *,
    noise: float = 0.6,
    first: int = 1,
    last: int = 200,
    every: int = IMAGE_DAYS,
    dry: float = -9.0,
    wet: float = -18.0,
) -> xr.Dataset:
    """Return images of a radar, each the mean power of four days, dB, with noise.

    every : days from the beginning of one to that of the next
    """
    random = np.random.default_rng(6)
    begins = np.arange(first, last - IMAGE_DAYS + 2, every)
    days = begins[:, None] + np.arange(IMAGE_DAYS)
    power = 10.0 ** (np.where(days[:, :, None] >= onset, wet, dry) / 10.0)
    sigma0 = 10.0 * np.log10(power.mean(axis=1)) + random.normal(0.0, noise, (begins.size, onset.size))
    times = [np.datetime64(date(2007, 1, 1) + timedelta(days=int(day) - 1), "ns") for day in begins]
    share = (10.0 ** (sigma0 / 10.0)).astype(np.float32)[:, None]
    return xr.Dataset({"sigma0_h": (("granule", "y", "x"), share)}, {"time": ("granule", times)})


def run_radar(radar: xr.Dataset, land: float | np.ndarray = 1.0) -> dict[str, np.ndarray]:
    shape = (radar.sizes["y"], radar.sizes["x"])
    fraction = xr.Dataset({"land_fraction": (("y", "x"), np.broadcast_to(np.float64(land), shape))})
    begins, ends = datetime(2007, 1, 1, tzinfo=UTC), datetime(2008, 1, 1, tzinfo=UTC)
    slot = Slot(product=PRODUCT.name, period="2007", start=begins, end=ends, variant="cold")
    made = melt_onset_quikscat(radar, fraction, slot, PRODUCT.options["drop"])
    return {name: np.asarray(values).squeeze() for name, values in made.items()}
