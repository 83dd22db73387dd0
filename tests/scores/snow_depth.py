"""What the snow depth products make of a known truth."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import xarray as xr

from icestream_core.fit import Fitted
from icestream_core.grid import TIBET_005
from icestream_core.slot import Slot
from icestream_physics.forward import snow_brightness_temperature
from icestream_simulator.snow_stations import snow_stations
from icestream_snow_depth.learn_gradient import learn_gradient
from icestream_snow_depth.snow_depth_tibet_005 import FACTOR, snow_depth_tibet_005
from icestream_snow_depth.swe_tibet_005 import PLATEAU, PLATEAU_DENSITY, swe_tibet_005
from scores.card import Check

LADDER = {0.20e-3: 2.1, 0.30e-3: 12.3, 0.40e-3: 29.0}
"""K, 18.7 minus 36.5 GHz, horizontal, of 30 cm of dry snow by grain radius, m: run with SMRT (IBA, DORT), 262 K."""
MONTHS = {11: 0.25e-3, 12: 0.30e-3, 1: 0.35e-3, 2: 0.40e-3, 3: 0.45e-3}
"""Grain radius, m, in a winter in which grains grow."""
DRY = {"tb_19h": 232.0, "tb_19v": 240.0, "tb_22v": 236.0, "tb_91v": 190.0, "tb_91h": 185.0}
"""K; what else dry snow looks like, so that the screening lets it pass."""


def _difference(depth: np.ndarray, radius: float) -> np.ndarray:
    low, high = (snow_brightness_temperature(depth, radius, 262.0, frequency, "H") for frequency in (18.7, 36.5))
    return low - high


def _ladder_error() -> float:
    return max(abs(float(_difference(np.array(0.3), radius)) - wanted) for radius, wanted in LADDER.items())


def _seasonal_fall() -> float:
    """Return the least fall of the learned slope from one month to the next, relative."""
    random = np.random.default_rng(2)
    tables = []
    for month, radius in MONTHS.items():
        depth = random.uniform(0.10, 0.40, 240)
        difference = _difference(depth, radius)
        number = np.arange(240) % 6
        tables.append(
            {name: np.full(240, value) for name, value in DRY.items()}
            | {
                "tb_37h": DRY["tb_19h"] - difference,
                "tb_37v": DRY["tb_19v"] - difference,
                "station": np.array([f"S{n}" for n in number]),
                "month": np.full(240, month),
                "latitude": np.full(240, 60.0),
                "longitude": 30.0 + number,
                "elevation": np.full(240, 100.0),
                "depth": depth,
            }
        )
    rows = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    fields = learn_gradient(rows, 0).parameters["slope"].sel(latitude=61.0, longitude=33.0)
    slopes = [float(fields.sel(month=month)) for month in MONTHS]
    # Fields are smoothed over three months, so what falls each month falls less there.
    return min(1.0 - later / earlier for earlier, later in itertools.pairwise(slopes))


@cache
def _learned() -> Fitted:
    return learn_gradient(snow_stations(3, lambda _done, _total: None), 3)


def _left_out() -> float:
    return _learned().score["leave-station-out relative deviation"]


def _mass_lost_by_sharing() -> float:
    """Return the largest relative change of a coarse cell's mean depth by the sharing."""
    random = np.random.default_rng(4)
    rows, columns = TIBET_005.height // FACTOR, TIBET_005.width // FACTOR
    coarse = random.uniform(0.01, 0.8, (rows, columns)).astype(np.float32)
    fine = np.repeat(np.repeat(coarse, FACTOR, axis=0), FACTOR, axis=1)
    fields = {
        name: xr.Dataset({name: (("y", "x"), random.uniform(0.2, 1.0, TIBET_005.shape).astype(np.float32))})
        for name in ("snow_cover_probability", "snow_area_fraction")
    }
    made = snow_depth_tibet_005(xr.Dataset({"snow_depth": (("y", "x"), fine)}), *fields.values())
    mean = made["snow_depth"].astype(np.float64).reshape(rows, FACTOR, columns, FACTOR).mean(axis=(1, 3))
    return float(np.abs(mean / coarse - 1.0).max())


def _water_lost() -> float:
    """Return the relative difference between the water of a plateau and its depths times the density."""
    depth = np.random.default_rng(6).uniform(0.01, 3.0, TIBET_005.shape).astype(np.float32)
    start = datetime(2014, 2, 4, tzinfo=UTC)
    slot = Slot(product="swe-tibet-005", period="20140204", start=start, end=start + timedelta(days=1))
    made = swe_tibet_005(xr.Dataset({"snow_depth": (("y", "x"), depth)}), None, slot, PLATEAU)
    mass = PLATEAU_DENSITY * depth.astype(np.float64).sum()
    return float(made["snow_water_equivalent"].astype(np.float64).sum() / mass - 1.0)


CHECKS = (
    Check(
        "snow-depth-global",
        "difference of 30 cm of snow by grain radius, largest error",
        "SMRT run apart: 2.1, 12.3, 29.0 K for 0.20, 0.30, 0.40 mm",
        _ladder_error,
        0.7,
        "K",
    ),
    Check(
        "snow-depth-global",
        "fall of the learned slope from month to month, the least",
        "SMRT, grains growing from 0.25 to 0.45 mm, November to March",
        _seasonal_fall,
        0.05,
        holds_if="at least",
    ),
    Check(
        "snow-depth-global",
        "leave-station-out relative deviation",
        "240 simulated stations, four winters, F17",
        _left_out,
        0.30,
    ),
    Check(
        "snow-depth-tibet-005",
        "change of a coarse cell's mean depth by the sharing, largest",
        "random depths, probabilities and covers on the whole plateau",
        _mass_lost_by_sharing,
        1e-6,
    ),
    Check(
        "swe-tibet-005",
        "water of the whole plateau beside depth times density",
        "random depths on the whole plateau",
        _water_lost,
        1e-6,
    ),
)
