"""Simulated snow stations: the depth that is true at a place, beside what a radiometer's cold pass sees there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.land_places import land_places
from icestream_simulator.radiometer import F17
from icestream_simulator.sensor_pairs import see
from icestream_simulator.truth import Truth

FIRST_WINTER, WINTERS = 2009, 4
EVERY = 3
"""Days between two that are drawn: four winters have more than thirty of each month."""
MONTHS = (9, 10, 11, 12, 1, 2, 3, 4, 5, 6)
STATIONS = 240
GAUGE_M = 0.01
"""Standard deviation of a stake's reading."""


def snow_stations(seed: int, progress: Callable[[int, int], None]) -> dict[str, NDArray[np.generic]]:
    """Return pairs of a station's depth and the cell above it: station, month, place, `depth` (m) and channels, K.

    The stations stand on open land of the north, and in the place that the radiometer sees: how a stake differs from
    its 25 km cell is no part of this truth.
    """
    truth = Truth(seed)
    places = land_places(seed, "snow stations", STATIONS, south=32.0, north=75.0, is_open=True)
    random = np.random.default_rng(seed)
    days = [
        day
        for number in range(0, WINTERS * 365, EVERY)
        if (day := date(FIRST_WINTER, 9, 1) + timedelta(days=number)).month in MONTHS
    ]
    parts: dict[str, list[NDArray[np.generic]]] = {}
    names = np.array([f"S{number:04d}" for number in range(STATIONS)])
    for done, day in enumerate(days, start=1):
        depth = places.snowpack.depth(day)
        snowy = np.flatnonzero(depth > GAUGE_M)
        read = np.maximum(depth + random.normal(0.0, GAUGE_M, depth.size), 0.0)
        columns = {
            "station": names,
            "month": np.full(STATIONS, day.month, np.int32),
            "latitude": places.latitude,
            "longitude": places.longitude,
            "elevation": places.terrain.elevation,
            "depth": read,
            **see(truth, places, F17, day),
        }
        for name, column in columns.items():
            parts.setdefault(name, []).append(np.asarray(column)[snowy])
        progress(done, len(days))
    return {name: np.concatenate(columns) for name, columns in parts.items()}
