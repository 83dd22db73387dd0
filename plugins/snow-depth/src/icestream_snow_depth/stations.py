"""Stations with a line for each month, and what they say of places between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.constant import constant

REACH = constant(800_000.0, "m", source="stations further off say nothing of a place", certainty="design")
EARTH_RADIUS = constant(6_371_228.0, "m", source="sphere of EASE-Grid 1", certainty="verified")
NEIGHBOURS, LEAST_NEIGHBOURS = 12, 3
NEAREST_M = 25_000.0
"""Stations nearer than a cell is wide all count alike."""

FloatArray = NDArray[np.float64]


class Stations(NamedTuple):
    """Where the stations are, degrees, and their lines by month of the northern season; NaN where too few days."""

    latitude: FloatArray
    longitude: FloatArray
    slope: FloatArray
    intercept: FloatArray


def from_stations(
    stations: Stations, month: int, latitude: FloatArray, longitude: FloatArray, without: int = -1
) -> FloatArray:
    """Return slope, intercept and how far they are of stations near by (1) or of all (0), at places in a month.

    without : a station that is left out
    """
    there = np.flatnonzero(np.isfinite(stations.slope[month]))
    there = there[there != without]
    values = np.stack([stations.slope[month, there], stations.intercept[month, there]])
    distance = _distance(latitude, longitude, stations.latitude[there], stations.longitude[there])
    nearest = np.argsort(distance, axis=-1, kind="stable")[..., :NEIGHBOURS]
    near = np.take_along_axis(distance, nearest, axis=-1)
    weight = np.where(near <= REACH, np.maximum(near, NEAREST_M) ** -2.0, 0.0)
    enough = (weight > 0).sum(axis=-1) >= LEAST_NEIGHBOURS
    total = np.where(enough, weight.sum(axis=-1), 1.0)
    local = (values[:, nearest] * weight).sum(axis=-1) / total
    everywhere = np.median(values, axis=-1).reshape(2, *(1,) * latitude.ndim)
    return np.concatenate([np.where(enough, local, everywhere), enough[None].astype(np.float64)])


def _distance(latitude: FloatArray, longitude: FloatArray, of_lat: FloatArray, of_lon: FloatArray) -> FloatArray:
    """Return great-circle distances, m; of shape (places..., stations)."""
    phi, lam, of_phi, of_lam = (
        np.radians(angle) for angle in (latitude[..., None], longitude[..., None], of_lat, of_lon)
    )
    half = np.sin((phi - of_phi) / 2) ** 2 + np.cos(phi) * np.cos(of_phi) * np.sin((lam - of_lam) / 2) ** 2
    return np.asarray(2.0 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0))))
