"""The weather of the simulated world: the year's temperature, its disturbances, and snowfall that comes in storms."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.noise import LATTICE_SHAPE, FloatArray, LatticePoints, generator, lattice

YEAR_DAYS = 365.25
COLDEST_DAY = {True: 15, False: 197}
"""Day of the year, in the northern and in the southern hemisphere."""
EQUATOR_K, POLE_DROP_K = 300.0, 52.0
LAPSE_K_PER_M = 3.5e-3
"""Weaker than that of free air: plateaus are heated from below."""
DISTURBANCE_K = 4.0
DISTURBANCE_DAYS = 3
"""After so many days the disturbances of temperature are others."""
DRIFT_DEGREES_PER_DAY = 7.0
"""Weather moves eastward."""
STORM_DAYS = 4
"""One storm passes each place in so many days; half of them bring nothing."""
STORM_SUM = 150.0
"""Days of winter after which a place has had a usual winter's snowfall, on average."""
MEAN_OF_POSITIVE = 0.4
"""Of a normal variable, its negative part cut off."""
SEASON_DAYS = 368


def mean_temperature(latitude: FloatArray, elevation: FloatArray) -> FloatArray:
    """Return the mean air temperature of the year, K; latitude in degrees, elevation in m."""
    return _float(EQUATOR_K - POLE_DROP_K * np.sin(np.radians(latitude)) ** 2 - LAPSE_K_PER_M * elevation)


def amplitude(latitude: FloatArray) -> FloatArray:
    """Return half the difference between the warmest and the coldest day, K."""
    return _float(3.0 + 26.0 * np.sin(np.radians(latitude)) ** 2)


def coldest(day: date, north: bool) -> int:
    """Return the coldest day nearest to a day, as a proleptic ordinal."""
    years = (day.year - 1, day.year, day.year + 1)
    candidates = [date(year, 1, 1).toordinal() + COLDEST_DAY[north] - 1 for year in years]
    return min(candidates, key=lambda ordinal: abs(ordinal - day.toordinal()))


def season_start(day: date, north: bool) -> int:
    """Return the day, half a year before the coldest, at which a hemisphere's snow year starts."""
    return coldest(day, north) - 183


def disturbance(seed: int, ordinal: float, places: LatticePoints) -> FloatArray:
    """Return the departure of the air temperature from the season's, in units of its spread.

    ordinal : time, days (proleptic ordinal)
    """
    step = int(ordinal // DISTURBANCE_DAYS)
    angle = 0.5 * np.pi * (ordinal / DISTURBANCE_DAYS - step)
    here, there = (_air_mass(seed, number) for number in (step, step + 1))
    drift = (DRIFT_DEGREES_PER_DAY * ordinal) % 360.0
    # Both patterns ride the same drift, so that they move while one turns into the other.
    return places.sample(_float(np.cos(angle) * here + np.sin(angle) * there), east=drift)


def snowfall(seed: int, ordinal: int) -> FloatArray:
    """Return a day's snowfall on the global lattice, as a share of a usual winter's."""
    strength, arrival = _storm(seed, ordinal // STORM_DAYS)
    return np.where(arrival == ordinal, strength, np.float32(0.0))


@lru_cache(maxsize=4)
def snowfall_since(seed: int, start: int) -> FloatArray:
    """Return the sum of snowfall since a day, shape (days, row, column): at index n the sum up to start + n."""
    days = np.stack([snowfall(seed, start + n) for n in range(SEASON_DAYS)])
    return np.cumsum(days, axis=0, dtype=np.float32)


@lru_cache(maxsize=8)
def _air_mass(seed: int, step: int) -> FloatArray:
    return lattice(seed, "air mass", step, scale=15.0)


@lru_cache(maxsize=16)
def _storm(seed: int, number: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return a storm's snowfall and the day on which it comes to each node of the lattice."""
    strength = np.maximum(lattice(seed, "storm", number, scale=10.0), 0.0) * (STORM_DAYS / STORM_SUM / MEAN_OF_POSITIVE)
    longitude = np.arange(LATTICE_SHAPE[1]) * (360.0 / LATTICE_SHAPE[1])
    phase = generator(seed, "phase", number).uniform()
    # Four fronts go round the globe together, so that neighbours are hit one after another.
    arrival = np.floor(STORM_DAYS * (number + (phase + longitude / 90.0) % 1.0)).astype(np.int64)
    return _float(strength), np.broadcast_to(arrival, LATTICE_SHAPE)


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
