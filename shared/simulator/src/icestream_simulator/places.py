"""Places at which the world is looked at, and the cells of a grid as such places."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from icestream_core.grid import Grid
from icestream_simulator import climate
from icestream_simulator.geography import Terrain, inland, terrain
from icestream_simulator.noise import FloatArray, LatticePoints
from icestream_simulator.snowpack import Snowpack

NORTHERN_EASE_GRID, SOUTHERN_EASE_GRID = 3408, 3409
"""EPSG codes of the azimuthal EASE-Grids, version 1."""
INLAND_K = 15.0
"""So much colder is the middle of an ice sheet than its edge would be at its latitude, for it is higher and drier."""


class Places:
    """Places at which the world is looked at, with all that does not change there.

    longitude, latitude : degrees, one-dimensional
    """

    def __init__(self, seed: int, longitude: NDArray[np.floating], latitude: NDArray[np.floating]) -> None:
        self.longitude = (np.asarray(longitude, dtype=np.float32) + 180.0) % 360.0 - 180.0
        self.latitude = np.asarray(latitude, dtype=np.float32)
        self.lattice = LatticePoints(self.longitude, self.latitude)
        self.terrain: Terrain = terrain(seed, self.longitude, self.latitude)
        self.snowpack = Snowpack(seed, self.longitude, self.latitude, self.terrain)
        self.inland_cold = INLAND_K * inland(self.longitude, self.latitude)
        self.mean_temperature = climate.mean_temperature(self.latitude, self.terrain.soft_elevation)
        self.amplitude = climate.amplitude(self.latitude)

    def season_temperature(self, day: date) -> FloatArray:
        """Return the air temperature that the season alone would give, K."""
        north, south = (
            np.cos(2.0 * np.pi * (day.toordinal() - climate.coldest(day, hemisphere)) / climate.YEAR_DAYS)
            for hemisphere in (True, False)
        )
        return _float(self.mean_temperature - self.amplitude * np.where(self.latitude >= 0, north, south))


class GridPlaces(NamedTuple):
    """The places of a grid's cells that lie on the globe.

    cells : of the flattened grid
    """

    grid: Grid
    cells: NDArray[np.intp]
    places: Places

    def spread(
        self, values: NDArray[np.generic], fill: float, among: NDArray[np.intp] | None = None
    ) -> NDArray[np.generic]:
        """Return values at the places as an array of the grid's shape.

        among : which of the places the values are for; all by default
        """
        whole = np.full(self.grid.width * self.grid.height, fill, dtype=values.dtype)
        whole[self.cells if among is None else self.cells[among]] = values
        return whole.reshape(self.grid.shape)


def cell_centres(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of a grid's cell centres, degrees; infinite outside the globe or the hemisphere."""
    a, b, c, d, e, f = grid.transform
    column, row = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x, y = a * column + b * row + c, d * column + e * row + f
    if grid.is_geographic:
        return x, y
    crs = CRS.from_user_input(grid.crs)
    to_geographic = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = to_geographic.transform(x, y)
    if crs.to_epsg() in (NORTHERN_EASE_GRID, SOUTHERN_EASE_GRID):
        # An azimuthal grid reaches over the equator in its corners, where its producers leave it empty.
        beyond = np.asarray(latitude) < 0 if crs.to_epsg() == NORTHERN_EASE_GRID else np.asarray(latitude) > 0
        longitude, latitude = np.where(beyond, np.inf, longitude), np.where(beyond, np.inf, latitude)
    # PROJ wraps what lies beyond the edge of a projection; the way back tells.
    back_x, back_y = to_geographic.transform(longitude, latitude, direction="INVERSE")
    outside = ~(np.hypot(back_x - x, back_y - y) < abs(a))
    return np.where(outside, np.inf, longitude), np.where(outside, np.inf, latitude)


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
