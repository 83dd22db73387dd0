"""Snow on the ground through the year: when it starts, how it grows with each storm, how it melts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from icestream_simulator import climate
from icestream_simulator.geography import Ellipse, Terrain, inside
from icestream_simulator.noise import FloatArray, LatticePoints, lattice

COLD_K = 271.0
"""Snow stays where the season's air is colder."""
USUAL_DEPTH_M = 0.45
BARE_BELOW, BARE_BELOW_IN_HIGH_ASIA = 0.5, 0.8
"""The driest places stay without snow all winter, so that there is bare frozen ground."""
DRY_HIGH_ASIA = Ellipse(87.0, 34.0, 23.0, 8.5)
HIGH_ASIA_SHARE = 0.5
"""Of the depth elsewhere: the plateau is cold, and dry."""
LARGEST_SCALE_M = 0.60
MELT_DAYS = 25.0
MELT_LAG_DAYS = 8.0
"""The pack is gone so long after the air has warmed to `COLD_K`."""
LONGEST_HALF_SEASON_DAYS = 150.0
SETTLING = 1.1
"""The more snow there is, the less a storm adds: the pack settles."""
FRESH_RADIUS_M, GROWTH_M, SPREAD_M = 0.460e-3, 0.024e-3, 0.008e-3
"""Grain radius at the first snow, what a season adds, and how it differs from place to place.

Che's 0.66 cm/K holds for one grain size only. In the SMRT tables that is about 0.46 mm for 10 to 30 cm of snow
(0.40 mm would need 1.0 cm/K, 0.50 mm 0.5 cm/K), and more for deeper snow, in which 37 GHz saturates. This world's snow
has 0.44 to 0.50 mm, 0.47 on average, so that the slope is right on average: to 1 cm below 30 cm of snow, while 40 to
60 cm are underestimated by a quarter.
"""


class Snowpack:
    """Snow at some places.

    longitude, latitude : degrees, one-dimensional
    surface : the fixed surface of the same places
    """

    def __init__(self, seed: int, longitude: FloatArray, latitude: FloatArray, surface: Terrain) -> None:
        self._seed = seed
        self._size = latitude.size
        swing = climate.amplitude(latitude)
        margin = (climate.mean_temperature(latitude, surface.soft_elevation) - COLD_K) / swing
        snowy = (margin < 1.0) & (surface.land > 0.0)
        self._index = {north: np.flatnonzero(snowy & ((latitude >= 0) == north)) for north in (True, False)}
        self._hemispheres = {
            north: _Hemisphere(
                seed, north, *(values[index] for values in (longitude, latitude, margin, surface.desert))
            )
            for north, index in self._index.items()
            if index.size
        }

    def depth(self, day: date) -> FloatArray:
        """Return the snow depth at the end of a day, m."""
        return self._gather(day, _Hemisphere.depth)

    def grain_radius(self, day: date) -> FloatArray:
        """Return the grain radius of the bulk of the pack, m; of fresh snow where there is none."""
        return np.maximum(self._gather(day, _Hemisphere.grain_radius), np.float32(FRESH_RADIUS_M - 2 * SPREAD_M))

    def _gather(self, day: date, what: Callable[[_Hemisphere, date], FloatArray]) -> FloatArray:
        found = np.zeros(self._size, dtype=np.float32)
        for north, hemisphere in self._hemispheres.items():
            found[self._index[north]] = what(hemisphere, day)
        return found


class _Hemisphere:
    """The snow of one hemisphere's winter, where there is any."""

    def __init__(
        self,
        seed: int,
        north: bool,
        longitude: FloatArray,
        latitude: FloatArray,
        margin: FloatArray,
        desert: FloatArray,
    ) -> None:
        self._seed, self._north = seed, north
        self._places = LatticePoints(longitude, latitude)
        half = np.arccos(np.clip(margin, -1.0, 1.0)) * (climate.YEAR_DAYS / (2.0 * np.pi))
        half = np.minimum(half, LONGEST_HALF_SEASON_DAYS)
        early = 6.0 * self._places.sample(lattice(seed, "early", scale=10.0))
        self._onset = _float(-half - early)
        self._end = _float(half + MELT_LAG_DAYS)
        wealth = self._places.sample(lattice(seed, "wealth", scale=10.0))
        patches = self._places.sample(lattice(seed, "patches", scale=5.0))
        high_asia = inside(DRY_HIGH_ASIA, longitude, latitude, edge=0.4)
        dry = 1.0 + high_asia * (HIGH_ASIA_SHARE - 1.0)
        bare_below = BARE_BELOW + high_asia * (BARE_BELOW_IN_HIGH_ASIA - BARE_BELOW)
        abundance = np.maximum(np.exp(0.42 * wealth + 0.28 * patches) - bare_below, 0.0)
        self._scale = _float(dry * (1.0 - desert) * np.minimum(USUAL_DEPTH_M * abundance, LARGEST_SCALE_M))
        self._coarseness = self._places.sample(lattice(seed, "coarseness", scale=5.0))
        self._before: tuple[int, FloatArray] | None = None

    def depth(self, day: date) -> FloatArray:
        start = climate.season_start(day, self._north)
        since_coldest = day.toordinal() - start - 183
        fallen = np.maximum(self._fallen(start, day.toordinal() - start), 0.0)
        pack = self._scale * (1.0 - np.exp(-SETTLING * fallen))
        left = np.clip((self._end - since_coldest) / MELT_DAYS, 0.0, 1.0) ** 0.8
        return _float(np.where(since_coldest > self._onset, pack * left, 0.0))

    def grain_radius(self, day: date) -> FloatArray:
        since_coldest = day.toordinal() - climate.season_start(day, self._north) - 183
        age = np.clip((since_coldest - self._onset) / (self._end - self._onset), 0.0, 1.0)
        return _float(FRESH_RADIUS_M + GROWTH_M * age + SPREAD_M * np.clip(self._coarseness, -2.0, 2.0))

    def _fallen(self, start: int, days: int) -> FloatArray:
        """Return what has fallen since the onset at each place."""
        series = climate.snowfall_since(self._seed, start)
        if self._before is None or self._before[0] != start:
            self._before = start, self._places.sample_in_time(series, self._onset + 183.0)
        return self._places.sample(series[min(days, series.shape[0] - 1)]) - self._before[1]


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
