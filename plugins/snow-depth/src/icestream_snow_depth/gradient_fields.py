"""The coefficients of the dynamic gradient as fields: by month and place, and what they are on a day at some cells."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.multilinear import multilinear

STEP = 2.0
"""Degrees between nodes: fine enough for fields that are smooth over 800 km."""
LATITUDES = np.arange(90.0 - STEP / 2, -90.0, -STEP)
LONGITUDES = np.arange(-180.0 + STEP / 2, 180.0, STEP)
MONTHS = 12
DAYS_OF_A_MONTH = 365.25 / MONTHS

FloatArray = NDArray[np.float64]


class Gradient(NamedTuple):
    """Depth = slope * (TB19H - TB37H) + intercept.

    slope : m K-1
    intercept : m
    own : 1 where stations near by gave it, 0 where it is the median of all stations; between, where both did
    """

    slope: FloatArray
    intercept: FloatArray
    own: FloatArray


def season_position(day: date, *, north: bool) -> tuple[int, int, float]:
    """Return the two months of the season between whose middles a day lies (0 is January), and the share of the second.

    The south has January's snow in July: its months are counted from there.
    """
    position = ((day.timetuple().tm_yday - 0.5) / DAYS_OF_A_MONTH - 0.5 + (0 if north else MONTHS / 2)) % MONTHS
    first = int(position)
    return first, (first + 1) % MONTHS, position - first


def gradient_on(
    fields: Gradient, day: date, latitude: NDArray[np.floating], longitude: NDArray[np.floating]
) -> Gradient:
    """Return the coefficients on a day at some places, linear in time and space.

    fields : of shape (month, latitude, longitude), on LATITUDES and LONGITUDES; a month of the northern season
    latitude, longitude : degrees, of one shape
    """
    found = Gradient(*(np.full(latitude.shape, np.nan) for _ in Gradient._fields))
    for north in (True, False):
        here = (latitude >= 0) == north
        if here.any():
            first, second, share = season_position(day, north=north)
            for field, values in zip(fields, found, strict=True):
                of_day = (1 - share) * field[first] + share * field[second]
                values[here] = _between(of_day, latitude[here], longitude[here])
    return found


def _between(field: FloatArray, latitude: NDArray[np.floating], longitude: NDArray[np.floating]) -> FloatArray:
    """Return a field of nodes at some places; round the globe in longitude, and level beyond the last latitudes."""
    rising = field[::-1]
    round_the_globe = np.concatenate([rising[:, -1:], rising, rising[:, :1]], axis=1)
    axes = LATITUDES[::-1], np.concatenate([LONGITUDES[:1] - STEP, LONGITUDES, LONGITUDES[-1:] + STEP])
    within = np.clip(latitude, LATITUDES[-1], LATITUDES[0])
    return multilinear(round_the_globe, axes, (within, (longitude + 180.0) % 360.0 - 180.0))
