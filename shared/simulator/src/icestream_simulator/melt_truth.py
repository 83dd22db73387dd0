"""The truth of surface melt on fine cells, and the albedo that goes with it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid
from icestream_simulator.fine_snow import DRIFT_SPREAD, fine_factor
from icestream_simulator.ice_sheet import MELTING_K, MOST_WATER, WATER_PER_K, firn_albedo
from icestream_simulator.noise import FloatArray
from icestream_simulator.snow_cover import NIGHT_ELEVATION_DEG, noon_elevation

if TYPE_CHECKING:
    from icestream_simulator.truth import Truth

FINE_K = 0.8
"""How much warmer a spot is than the firn around it where little snow stays, K a unit of the factor's logarithm."""
LEAST_WATER = 0.001
"""Water that counts as melt: about what a threshold of 30 K detects."""
LEAST_ICE = 0.5
NOON = 12.0
BARE_ALBEDO = 0.18
"""Of land without ice."""


def firn_water(truth: Truth, grid: Grid, day: date, local_hour: float) -> FloatArray:
    """Return the water in the upper firn of ice sheets, volume fraction, at an hour of local solar time.

    NaN where there is no ice. Within a radiometer's footprint spots of little snow are the warmer ones.
    """
    cells = truth.on(grid)
    places = cells.places
    factor = fine_factor(truth.seed, places.longitude, places.latitude, places.terrain)
    spot = -FINE_K * (np.log(factor) + 0.5 * DRIFT_SPREAD**2)
    air = truth.state(places, day, local_hour).air + spot
    water = np.clip(WATER_PER_K * (air - MELTING_K), 0.0, MOST_WATER)
    water[places.terrain.ice < LEAST_ICE] = np.nan
    return np.asarray(cells.spread(water, np.nan), np.float32)


def melts(truth: Truth, grid: Grid, day: date, local_hour: float) -> NDArray[np.bool_]:
    """Return where ice sheets melt enough to be seen."""
    return firn_water(truth, grid, day, local_hour) >= LEAST_WATER


def ice_albedo(truth: Truth, grid: Grid, day: date) -> FloatArray:
    """Return the shortwave albedo of ice sheets and the land beside them, 0 to 1; NaN over the sea and at night."""
    cells = truth.on(grid)
    terrain = cells.places.terrain
    albedo = cells.spread(np.full(cells.cells.size, BARE_ALBEDO, np.float32), np.nan)
    firn = firn_albedo(firn_water(truth, grid, day, NOON))
    albedo = np.where(np.isfinite(firn), firn, albedo)
    dark = (noon_elevation(cells.places.latitude, day) < NIGHT_ELEVATION_DEG) | (terrain.land < LEAST_ICE)
    return np.asarray(np.where(cells.spread(dark, True), np.nan, albedo), np.float32)
