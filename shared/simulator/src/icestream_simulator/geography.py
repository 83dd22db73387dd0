"""Where land, mountains, deserts, forests, ice sheets and lakes are: the part of the world that does not change.

Land and elevation are real, at 1/6 degree. Deserts, ice sheets and lakes are ellipses in their real places; forests are
belts in their real latitudes. That is enough for every surface that a retrieval must tell apart to be somewhere.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.noise import FloatArray, LatticePoints, lattice, soften

CELLS_PER_DEGREE = 6
SOFT_CELLS = 6
"""One degree: what a radiometer's view of mountains is softened to."""
ICE_SHEET_ELEVATION_M = 2300.0
"""Of Greenland and Antarctica, where the altitude table shows the bedrock in places."""
PLATEAU_ELEVATION_M = 2500.0
TREE_LINE_M, TREE_LINE_WIDTH_M = 2400.0, 1200.0
"""No trees above, and so far below it the forest begins to thin."""


class Ellipse(NamedTuple):
    """A place by its centre and half axes, degrees."""

    longitude: float
    latitude: float
    half_width: float
    half_height: float


DESERTS = (
    Ellipse(-5.0, 24.0, 11.0, 7.0),
    Ellipse(20.0, 24.0, 13.0, 7.0),
    Ellipse(48.0, 22.0, 7.0, 6.0),
    Ellipse(57.0, 32.0, 4.0, 3.0),
    Ellipse(61.0, 39.5, 5.0, 3.0),
    Ellipse(71.0, 27.5, 2.5, 3.0),
    Ellipse(83.0, 39.0, 5.5, 2.2),
    Ellipse(101.5, 40.5, 4.5, 1.8),
    Ellipse(106.0, 43.5, 5.0, 1.5),
    Ellipse(-113.5, 33.0, 3.0, 3.0),
    Ellipse(15.0, -22.5, 2.0, 5.0),
    Ellipse(-69.5, -23.5, 1.2, 4.0),
    Ellipse(128.0, -24.0, 11.0, 5.5),
)
"""Sahara (two), Arabia, Iran, Karakum, Thar, Taklamakan, Badain Jaran, Gobi, Sonora, Namib, Atacama, Australia."""

ICE_SHEETS = (Ellipse(-41.0, 72.5, 12.5, 10.0), Ellipse(0.0, -90.0, 1e6, 20.0))
"""Greenland and Antarctica."""

LAKES = (
    Ellipse(100.20, 36.90, 0.48, 0.26),
    Ellipse(90.60, 30.72, 0.40, 0.16),
    Ellipse(88.98, 31.78, 0.36, 0.17),
    Ellipse(86.25, 31.05, 0.20, 0.16),
    Ellipse(81.45, 30.68, 0.13, 0.12),
    Ellipse(85.60, 31.55, 0.18, 0.20),
    Ellipse(89.75, 33.45, 0.16, 0.10),
    Ellipse(77.20, 42.45, 0.95, 0.25),
)
"""Qinghai Hu, Nam Co, Selin Co, Dangra Yumco, Mapam Yumco, Zhari Namco, Dorsoidong Co, Issyk-Kul."""


class Terrain(NamedTuple):
    """The fixed surface at some places, each of one shape.

    land, forest, desert, ice : share of the cell, 0 to 1
    elevation, soft_elevation : m, at 1/6 degree and averaged over a degree
    plateau : where High Asia is above 2500 m
    """

    land: FloatArray
    elevation: FloatArray
    soft_elevation: FloatArray
    forest: FloatArray
    desert: FloatArray
    ice: FloatArray
    plateau: NDArray[np.bool_]

    def at(self, places: NDArray[np.intp]) -> Terrain:
        """Return the surface of some of the places."""
        return Terrain._make(values[places] for values in self)


def terrain(seed: int, longitude: NDArray[np.floating], latitude: NDArray[np.floating]) -> Terrain:
    """Return the fixed surface at places given in degrees, longitude from -180 to 180 or from 0 to 360."""
    lon = (np.asarray(longitude, dtype=np.float32) + 180.0) % 360.0 - 180.0
    lat = np.asarray(latitude, dtype=np.float32)
    table = _table()
    land = np.clip(_bilinear(table.land, lon, lat), 0.0, 1.0)
    ice = np.maximum.reduce([inside(sheet, lon, lat) for sheet in ICE_SHEETS]) * (land > 0.5)
    elevation = np.maximum(_bilinear(table.elevation, lon, lat), ice * ICE_SHEET_ELEVATION_M)
    soft_elevation = np.maximum(_bilinear(table.soft_elevation, lon, lat), ice * ICE_SHEET_ELEVATION_M)
    desert = np.maximum.reduce([inside(place, lon, lat, edge=0.5) for place in DESERTS]) * (
        soft_elevation < PLATEAU_ELEVATION_M
    )
    patches = LatticePoints(lon, lat).sample(lattice(seed, "forest", scale=5.0))
    below_tree_line = np.clip((TREE_LINE_M - soft_elevation) / TREE_LINE_WIDTH_M, 0.0, 1.0)
    belts = 0.75 * _belt(lat, 59.0, 7.0) + 0.7 * _belt(lat, 1.0, 9.0) + 0.35 * _belt(lat, 46.0, 6.0)
    forest = np.clip(belts * (0.8 + 0.8 * patches), 0.0, 0.85) * below_tree_line * (1.0 - desert) * (1.0 - ice)
    plateau = (elevation > PLATEAU_ELEVATION_M) & (lat > 27.0) & (lat < 40.0) & (lon > 70.0) & (lon < 105.0)
    return Terrain(land, elevation, soft_elevation, _float(forest), _float(desert), _float(ice), plateau)


def inland(longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    """Return how far inland on an ice sheet places are: 1 in its middle, 0 at its edge and outside."""
    found = np.zeros(np.shape(latitude), np.float32)
    for sheet in ICE_SHEETS:
        east = (longitude - sheet.longitude + 180.0) % 360.0 - 180.0
        radius = np.hypot(east / sheet.half_width, (latitude - sheet.latitude) / sheet.half_height)
        found = np.maximum(found, _float(1.0 - radius**2))
    return found


def inside(place: Ellipse, longitude: FloatArray, latitude: FloatArray, edge: float = 0.25) -> FloatArray:
    """Return 1 inside an ellipse, 0 outside, and a slope between them over a share `edge` of its half axes."""
    east = (longitude - place.longitude + 180.0) % 360.0 - 180.0
    radius = np.hypot(east / place.half_width, (latitude - place.latitude) / place.half_height)
    return _float(np.clip((1.0 + edge / 2 - radius) / edge, 0.0, 1.0))


def is_lake(longitude: FloatArray, latitude: FloatArray) -> NDArray[np.bool_]:
    """Return where the large lakes of High Asia are."""
    found = np.zeros(np.shape(longitude), dtype=bool)
    for lake in LAKES:
        box = (np.abs(longitude - lake.longitude) < lake.half_width) & (
            np.abs(latitude - lake.latitude) < lake.half_height
        )
        if box.any():
            found[box] |= inside(lake, longitude[box], latitude[box], edge=1e-6) > 0.5
    return found


class _Table(NamedTuple):
    land: FloatArray
    elevation: FloatArray
    soft_elevation: FloatArray


@cache
def _table() -> _Table:
    path = resources.files("icestream_simulator") / "tables" / "geography.npz"
    with path.open("rb") as file, np.load(file) as stored:
        land, elevation = _float(stored["land"] / 100.0), _float(stored["elevation"])
    # Along a coast, land is as high as the land of the cell, not as its mean with the sea.
    return _Table(land, elevation, soften(np.maximum(elevation, 0.0), SOFT_CELLS))


def _bilinear(field: FloatArray, longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    row = np.clip((90.0 - latitude) * CELLS_PER_DEGREE - 0.5, 0.0, field.shape[0] - 1.001)
    column = (longitude + 180.0) * CELLS_PER_DEGREE - 0.5
    top, left = row.astype(np.int32), np.floor(column).astype(np.int32)
    down, across = row - top, column - left
    left, right = left % field.shape[1], (left + 1) % field.shape[1]
    upper = field[top, left] * (1 - across) + field[top, right] * across
    lower = field[top + 1, left] * (1 - across) + field[top + 1, right] * across
    return _float(upper * (1 - down) + lower * down)


def _belt(latitude: FloatArray, centre: float, half_width: float) -> FloatArray:
    """Northern and southern belts alike, but that the south has no land for most of them."""
    return _float(np.exp(-(((np.abs(latitude) - centre) / half_width) ** 2)))


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
