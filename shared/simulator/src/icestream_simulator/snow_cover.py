"""Snow cover of a MODIS tile at 500 m: the truth, and what a satellite makes of it through the clouds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import modis_tile
from icestream_core.period import Interval
from icestream_simulator.clouds import cloudy
from icestream_simulator.fine_snow import fine_factor_on_sinusoidal
from icestream_simulator.geography import is_lake
from icestream_simulator.noise import FloatArray, LatticePoints, enlarge
from icestream_simulator.places import Places, cell_centres

CELLS = 2400
TILE_NAME = re.compile(r"h([0-2]\d|3[0-5])v(0\d|1[0-7])", re.ASCII)
EVERY = 16
"""Cells between two nodes at which the world is evaluated; it is smooth between them."""
DAYS_KEPT = 64
"""Of a tile's snow, packed; 0.7 MB each."""
CLOUD_CELLS = 4
"""Clouds are told apart at 2 km."""
SEEN_DEPTH_M = 0.02
"""Ground under so much snow counts as covered."""
LAKE_ICE_K = 266.0
"""Lakes are frozen where the season's air is colder."""
NIGHT_ELEVATION_DEG = 5.0
"""With a lower sun at noon nothing is seen."""

NO_SNOW, LAKE, OCEAN, CLOUD, LAKE_ICE, SNOW, NIGHT, FILL = 25, 37, 39, 50, 100, 200, 11, 255
"""Codes of Maximum_Snow_Extent."""


class Composite(NamedTuple):
    """What one satellite makes of an eight-day period.

    extent : Maximum_Snow_Extent
    days : Eight_Day_Snow_Cover: bit n is set where snow was seen on day n
    """

    extent: NDArray[np.uint8]
    days: NDArray[np.uint8]


class Tile:
    """One MODIS sinusoidal tile of the simulated world.

    name : such as "h25v05"
    """

    def __init__(self, seed: int, name: str) -> None:
        self.name = name
        self._seed = seed
        if not TILE_NAME.fullmatch(name):
            raise ValueError(f"no MODIS tile {name!r}; there are h00v00 to h35v17")
        grid = modis_tile(name, CELLS)
        cell, _, west, _, _, north = grid.transform
        self._x = west + cell * (np.arange(CELLS) + 0.5)
        self._y = north - cell * (np.arange(CELLS) + 0.5)
        self._cloud_x = self._x.reshape(-1, CLOUD_CELLS).mean(axis=1)
        self._cloud_y = self._y.reshape(-1, CLOUD_CELLS).mean(axis=1)
        # The nodes lie on edges of cells, the outermost ones on the tile's, so that neighbouring tiles share them.
        step = cell * EVERY
        nodes = grid.model_copy(
            update={
                "name": f"{name} nodes",
                "width": CELLS // EVERY + 1,
                "height": CELLS // EVERY + 1,
                "transform": (step, 0.0, west - step / 2, 0.0, -step, north + step / 2),
            }
        )
        longitude, latitude = cell_centres(nodes)
        self._on_globe = np.isfinite(longitude)
        self._node_shape = nodes.shape
        self._latitude = np.where(self._on_globe, latitude, 0.0)
        self._longitude = np.where(self._on_globe, longitude, 0.0)
        self._places = Places(seed, self._longitude.ravel(), self._latitude.ravel())
        self._nodes = LatticePoints(self._longitude, self._latitude)
        terrain = self._places.terrain
        height = enlarge((terrain.elevation - terrain.soft_elevation).reshape(self._node_shape), EVERY)
        self._needed_depth = SEEN_DEPTH_M / fine_factor_on_sinusoidal(seed, self._x, self._y, height)
        self._sea = enlarge(terrain.land.reshape(self._node_shape), EVERY) < 0.5
        self._outside = enlarge(self._on_globe.astype(np.float32), EVERY) < 1.0
        self._lake = is_lake(*(enlarge(_float(values), EVERY) for values in (self._longitude, self._latitude)))
        self._snow_days: dict[date, NDArray[np.uint8]] = {}

    def snow(self, day: date) -> NDArray[np.bool_]:
        """Return where snow covers the ground on a day, clouds or not; kept for the other satellite."""
        if day not in self._snow_days:
            if len(self._snow_days) >= DAYS_KEPT:
                self._snow_days.pop(next(iter(self._snow_days)))
            depth = self._places.snowpack.depth(day).reshape(self._node_shape)
            self._snow_days[day] = np.packbits(enlarge(depth, EVERY) > self._needed_depth, axis=1)
        return np.unpackbits(self._snow_days[day], axis=1).view(np.bool_)

    def snow_within(self, period: Interval) -> NDArray[np.bool_]:
        """Return the truth of a period: where snow covers the ground on any of its days."""
        whole = np.zeros((CELLS, CELLS), dtype=bool)
        for day in days_of(period):
            whole |= self.snow(day)
        return whole & self.is_land()

    def is_land(self) -> NDArray[np.bool_]:
        """Return where there is ground for snow to lie on: neither sea nor lake, and on the globe."""
        return ~(self._sea | self._lake | self._outside)

    def composite(self, period: Interval, platform: str, edition: int = 0) -> Composite:
        """Return what Terra or Aqua makes of a period: snow where it saw any, else what it saw through a gap.

        edition : a later processing of the same scenes
        """
        clear_ever = np.zeros((CELLS, CELLS), dtype=bool)
        chronobyte = np.zeros((CELLS, CELLS), dtype=np.uint8)
        for bit, day in enumerate(days_of(period)):
            clear = ~self.cloudy(day, platform, edition)
            clear_ever |= clear
            chronobyte |= (self.snow(day) & clear).view(np.uint8) << np.uint8(bit)
        middle = period.middle.date()
        extent = np.where(chronobyte > 0, np.uint8(SNOW), np.where(clear_ever, np.uint8(NO_SNOW), np.uint8(CLOUD)))
        season = enlarge(self._places.season_temperature(middle).reshape(self._node_shape), EVERY)
        water = self._lake & clear_ever
        extent[water] = np.where(season[water] < LAKE_ICE_K, LAKE_ICE, LAKE)
        extent[self._sea] = OCEAN
        extent[enlarge(noon_elevation(_float(self._latitude), middle), EVERY) < NIGHT_ELEVATION_DEG] = NIGHT
        extent[self._outside] = FILL
        chronobyte[extent != SNOW] = 0
        return Composite(extent, chronobyte)

    def cloudy(self, day: date, platform: str, edition: int = 0) -> NDArray[np.bool_]:
        """Return the clouds at a satellite's pass of a day."""
        coarse = cloudy(
            self._seed,
            day,
            platform,
            self._cloud_x,
            self._cloud_y,
            self._nodes,
            EVERY // CLOUD_CELLS,
            edition,
        )
        return coarse.repeat(CLOUD_CELLS, axis=0).repeat(CLOUD_CELLS, axis=1)


def days_of(period: Interval) -> list[date]:
    """Return the days of a period."""
    first = period.start.date()
    return [first + timedelta(days=n) for n in range((period.end - period.start).days)]


def noon_elevation(latitude: FloatArray, day: date) -> FloatArray:
    """Return how high the sun stands at noon, degrees; latitude in degrees."""
    declination = -23.44 * np.cos(2.0 * np.pi * (day.timetuple().tm_yday + 10) / 365.25)
    return _float(90.0 - np.abs(latitude - declination))


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
