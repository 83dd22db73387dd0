"""The truth: what the simulated world is like at any place on any day, before any instrument looks at it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid
from icestream_core.period import Interval
from icestream_simulator import climate
from icestream_simulator.fine_snow import fine_factor
from icestream_simulator.ice_sheet import firn
from icestream_simulator.noise import FloatArray
from icestream_simulator.places import GridPlaces, Places, cell_centres
from icestream_simulator.snow_cover import Tile

FREEZING_K = 273.15
THAW_INERTIA = 0.5
"""Share of the weather's disturbance that reaches the ground."""
WET_K = 272.5
"""Snow with warmer air above is wet."""
DIURNAL_K, DESERT_DIURNAL_K, SNOW_DIURNAL_K = 5.0, 9.0, 2.5
WARMEST_HOUR = 14.0
WATER_K, WATER_DROP_K, COLDEST_WATER_K = 301.0, 36.0, 271.4
SEA_ICE_EDGE, SEA_ICE_ADVANCE, SEA_ICE_SLOPE = 70.0, 7.0, 3.0
"""Latitude of the ice edge, how far it comes and goes with the year, and the width over which it thins out, degrees."""
SEA_ICE_LAG_DAYS = 45
"""The ice reaches furthest so long after the coldest day."""
RAIN_SNOWFALL = 0.045
"""A storm's strength above which rain scatters; a share of a usual winter's snowfall."""
RAIN_DEPRESSION_K = 900.0
"""Of 91 GHz, for each unit of strength above that."""


class State(NamedTuple):
    """The world at some places on one day at one local hour, each of one shape.

    depth : snow depth, m
    grain_radius : m
    temperature : of the land's surface, K
    water_temperature : K
    frozen : the ground
    wet : the snow
    sea_ice : share of the water, 0 to 1
    rain : depression of 91 GHz by ice aloft, K
    air : temperature of the air above an ice sheet's surface, not held at the melting point, K
    firn_temperature : of an ice sheet, where the radiometer sees it, K
    firn_water : of an ice sheet's upper layer, volume fraction
    """

    depth: FloatArray
    grain_radius: FloatArray
    temperature: FloatArray
    water_temperature: FloatArray
    frozen: NDArray[np.bool_]
    wet: NDArray[np.bool_]
    sea_ice: FloatArray
    rain: FloatArray
    air: FloatArray
    firn_temperature: FloatArray
    firn_water: FloatArray

    def at(self, places: NDArray[np.intp]) -> State:
        """Return the state of some of the places."""
        return State._make(values[places] for values in self)


class Truth:
    """The simulated world of one seed. The same seed, day and place give the same answer, on whatever grid."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._on_grid: dict[Grid, GridPlaces] = {}
        self._tiles: dict[str, Tile] = {}

    def on(self, grid: Grid) -> GridPlaces:
        """Return the places of a grid, kept for the next time."""
        if grid not in self._on_grid:
            longitude, latitude = cell_centres(grid)
            index = np.flatnonzero(np.isfinite(longitude) & np.isfinite(latitude))
            places = Places(self.seed, longitude.ravel()[index], latitude.ravel()[index])
            self._on_grid[grid] = GridPlaces(grid, index, places)
        return self._on_grid[grid]

    def state(self, places: Places, day: date, local_hour: float) -> State:
        """Return what the places are like on a day, at an hour of local solar time."""
        season = places.season_temperature(day)
        weather = climate.disturbance(self.seed, day.toordinal() + local_hour / 24.0, places.lattice)
        air = season + climate.DISTURBANCE_K * weather
        depth = places.snowpack.depth(day)
        swing = DIURNAL_K + (DESERT_DIURNAL_K - DIURNAL_K) * places.terrain.desert
        swing = np.where(depth > 0.02, SNOW_DIURNAL_K, swing)
        surface = air + swing * np.cos(2.0 * np.pi * (local_hour - WARMEST_HOUR) / 24.0)
        frozen = _ground(season, weather) < FREEZING_K
        storm = places.lattice.sample(climate.snowfall(self.seed, day.toordinal()))
        rain = np.where(frozen | (depth > 0), 0.0, RAIN_DEPRESSION_K * np.maximum(storm - RAIN_SNOWFALL, 0.0))
        on_ice = _float(surface - places.inland_cold)
        below = firn(places.mean_temperature - places.inland_cold, on_ice)
        return State(
            depth=depth,
            grain_radius=places.snowpack.grain_radius(day),
            temperature=_float(np.where(depth > 0.02, np.minimum(surface, FREEZING_K), surface)),
            water_temperature=_float(
                np.maximum(WATER_K - WATER_DROP_K * np.sin(np.radians(places.latitude)) ** 2, COLDEST_WATER_K)
            ),
            frozen=frozen,
            wet=(depth > 0) & (surface > WET_K),
            sea_ice=_sea_ice(places.latitude, day),
            rain=_float(rain),
            air=on_ice,
            firn_temperature=below.temperature,
            firn_water=below.water,
        )

    def ground_temperature(self, places: Places, day: date, local_hour: float) -> FloatArray:
        """Return the temperature, K, by which the ground of a day is frozen or thawed."""
        weather = climate.disturbance(self.seed, day.toordinal() + local_hour / 24.0, places.lattice)
        return _float(_ground(places.season_temperature(day), weather))

    def snow_depth(self, grid: Grid, day: date, *, fine: bool = False) -> FloatArray:
        """Return the snow depth on a grid, m; NaN where the grid leaves the globe.

        fine : with the relief and the drifts that a radiometer's footprint averages over
        """
        on_grid = self.on(grid)
        depth = on_grid.places.snowpack.depth(day)
        if fine:
            places = on_grid.places
            depth = depth * fine_factor(self.seed, places.longitude, places.latitude, places.terrain)
        return np.asarray(on_grid.spread(depth, np.nan), dtype=np.float32)

    def tile(self, name: str) -> Tile:
        """Return a MODIS tile such as "h25v05", kept for the next time: Terra, Aqua and the score share it."""
        if name not in self._tiles:
            self._tiles[name] = Tile(self.seed, name)
        return self._tiles[name]

    def snow_cover(self, tile: str, period: Interval) -> NDArray[np.bool_]:
        """Return where snow covers the ground of a MODIS tile on any day of a period, shape (2400, 2400)."""
        return self.tile(tile).snow_within(period)


def _ground(season: FloatArray, weather: FloatArray) -> FloatArray:
    """Return the temperature of the ground, K, which follows the weather but half."""
    return np.asarray(season + THAW_INERTIA * climate.DISTURBANCE_K * weather)


def _sea_ice(latitude: FloatArray, day: date) -> FloatArray:
    """Return the share of the water that is frozen, 0 to 1."""
    since = [day.toordinal() - climate.coldest(day, north) - SEA_ICE_LAG_DAYS for north in (True, False)]
    north, south = (SEA_ICE_EDGE - SEA_ICE_ADVANCE * np.cos(2.0 * np.pi * days / climate.YEAR_DAYS) for days in since)
    edge = np.where(latitude >= 0, north, south)
    return _float(np.clip((np.abs(latitude) - edge) / SEA_ICE_SLOPE, 0.0, 1.0))


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
