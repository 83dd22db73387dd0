"""How near a product comes to the truth of the simulated world.

A product is held to what its method can do. Snow depth is compared where the method claims to work: dry snow of 5 to
60 cm on open land, seen on the day. One slope for all snow saturates beyond some 30 cm, and it errs with the grain
size; the tolerance is the 6 cm that its authors state. A product of fine cells may err as much again as a coarse depth,
even a true one, that were shared out evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from icestream_core.grid import Grid, lonlat
from icestream_core.period import Interval
from icestream_physics.snow_screening import SNOW_FREE, SnowQuality
from icestream_simulator.melt_score import melt_measures
from icestream_simulator.places import GridPlaces
from icestream_simulator.truth import Truth

COLD_HOUR = 4.0
"""Local solar time about which the cold passes look, hours."""
SHALLOWEST_M, DEEPEST_M = 0.05, 0.60
BARE_M = 0.002
MANY_CELLS, THINNING = 400_000, 3
"""Of a larger grid every third row and column is compared: the truth of a whole globe takes long."""
SHARE_OF_OTHER = 0.05
"""Sea, forest, desert and ice sheet may each take so much of a cell that counts as open land."""
FALSE_SNOW_M = 0.03
"""Bare ground that is given less snow than this is found to be bare."""
FINE_DEGREES = 0.1
"""A product of smaller cells is held to the fine truth."""
RMSE_M, BIAS_M = 0.06, 0.03
FINE_BIAS_M = 0.05
SNOW_DENSITY = 250.0
"""kg m-3, of all snow in the simulated world: that of the table its brightness is taken from."""
FOUND, BARE_FOUND, AGREEMENT = 0.85, 0.80, 0.93
SNOW_CODES, NO_SNOW_CODES = (200, 210), (0, -200)
"""Of the snow-cover product; what it shows as glacier is not compared."""


class Score(NamedTuple):
    """One measure of one file of a product.

    value, tolerance : in the unit; `at_least` tells whether the value must reach the tolerance or stay within it
    cells : compared
    """

    product: str
    period: str
    tile: str
    measure: str
    value: float
    tolerance: float
    unit: str
    cells: int
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is within the tolerance."""
        return self.value >= self.tolerance if self.at_least else abs(self.value) <= self.tolerance


class _Measure(NamedTuple):
    name: str
    value: float
    tolerance: float
    unit: str
    cells: int
    at_least: bool = False


def score(product: str, path: Path, period: Interval, truth: Truth, tile: str = "") -> list[Score]:
    """Compare one NetCDF file of a product with the truth; empty where the truth of it is not known.

    period : that the file covers
    tile : MODIS tile of the file, where it is of one
    """
    with xr.open_dataset(path, engine="h5netcdf") as data:
        if "snow_depth" in data:
            found = list(_depth_measures(data, period, truth))
        elif "snow_water_equivalent" in data:
            found = list(_water_measures(data, period, truth))
        elif "snow_cover" in data and tile:
            found = list(_cover_measures(data, period, truth, tile))
        elif "melt" in data:
            found = [_Measure(*measure) for measure in melt_measures(data, period, truth)]
        else:
            found = []
    return [Score(product, period.label, tile, *measure) for measure in found]


def _depth_measures(data: xr.Dataset, period: Interval, truth: Truth) -> Iterator[_Measure]:
    grid = _grid(data)
    thin = THINNING if grid.width * grid.height > MANY_CELLS else 1
    grid = _thinned(grid, thin)
    depth = _layer(data, "snow_depth", thin)
    fine = grid.is_geographic and grid.cell[0] < FINE_DEGREES
    cells = truth.on(grid)
    footprint_depth = truth.snow_depth(grid, period.start.date())
    # Fine cells are chosen by the depth around them: to choose the deep ones would choose the product's errors too.
    true_depth = truth.snow_depth(grid, period.start.date(), fine=True) if fine else footprint_depth
    open_land = _open_land(cells)
    claimed = (footprint_depth >= SHALLOWEST_M) & (footprint_depth <= DEEPEST_M)
    snow = open_land & _dry(cells, truth, period) & claimed
    compared = snow & np.isfinite(depth)
    if "quality" in data:
        quality = _layer(data, "quality", thin)
        decided = np.isin(quality, (SnowQuality.DRY_SNOW, *SNOW_FREE))
        bare = open_land & (true_depth < BARE_M) & decided
        if (snow & decided).any():
            found = quality[snow & decided] == SnowQuality.DRY_SNOW
            yield _Measure("snow found", float(found.mean()), FOUND, "1", found.size, at_least=True)
        if bare.any():
            right = depth[bare] < FALSE_SNOW_M
            yield _Measure("bare ground found", float(right.mean()), BARE_FOUND, "1", right.size, at_least=True)
        compared &= quality == SnowQuality.DRY_SNOW
    if compared.any():
        error = depth[compared] - true_depth[compared]
        rmse, bias = float(np.sqrt(np.mean(error**2))), float(np.mean(error))
        drifts = float(np.sqrt(np.mean((true_depth[compared] - footprint_depth[compared]) ** 2)))
        yield _Measure("root mean square error", rmse, float(np.hypot(RMSE_M, drifts)), "m", error.size)
        yield _Measure("bias", bias, FINE_BIAS_M if fine else BIAS_M, "m", error.size)


def _water_measures(data: xr.Dataset, period: Interval, truth: Truth) -> Iterator[_Measure]:
    """Give what a fine water equivalent errs by: it may err as the depth does, the snow's density being what it is."""
    grid = _grid(data)
    water, cells = _layer(data, "snow_water_equivalent"), truth.on(grid)
    footprint_depth, true_depth = (truth.snow_depth(grid, period.start.date(), fine=fine) for fine in (False, True))
    claimed = (footprint_depth >= SHALLOWEST_M) & (footprint_depth <= DEEPEST_M)
    compared = _open_land(cells) & _dry(cells, truth, period) & claimed & np.isfinite(water)
    if compared.any():
        error = water[compared] - SNOW_DENSITY * true_depth[compared]
        drifts = float(np.sqrt(np.mean((true_depth[compared] - footprint_depth[compared]) ** 2)))
        rmse, bias = float(np.sqrt(np.mean(error**2))), float(np.mean(error))
        tolerance = SNOW_DENSITY * float(np.hypot(RMSE_M, drifts))
        yield _Measure("root mean square error", rmse, tolerance, "kg m-2", error.size)
        yield _Measure("bias", bias, SNOW_DENSITY * FINE_BIAS_M, "kg m-2", error.size)


def _cover_measures(data: xr.Dataset, period: Interval, truth: Truth, tile: str) -> Iterator[_Measure]:
    codes = _layer(data, "snow_cover")
    world = truth.tile(tile)
    compared = world.is_land() & np.isin(codes, SNOW_CODES + NO_SNOW_CODES)
    if compared.any():
        right = (np.isin(codes, SNOW_CODES) == world.snow_within(period))[compared]
        yield _Measure("agreement", float(right.mean()), AGREEMENT, "1", right.size, at_least=True)


def _layer(data: xr.Dataset, name: str, thin: int = 1) -> NDArray[np.float64]:
    values = np.asarray(data[name].squeeze(), dtype=np.float64)
    rows, columns = (size // thin * thin for size in values.shape)
    return values[thin // 2 : rows : thin, thin // 2 : columns : thin]


def _thinned(grid: Grid, thin: int) -> Grid:
    """Return the grid of every so many cells, whose centres are those of the middle ones."""
    a, b, c, d, e, f = grid.transform
    cells = {"width": grid.width // thin, "height": grid.height // thin}
    return grid.model_copy(update=cells | {"transform": (a * thin, b * thin, c, d * thin, e * thin, f)})


def _grid(data: xr.Dataset) -> Grid:
    """Return the grid that a file says it is on, or the geographic grid of its coordinates."""
    if data["lon"].ndim == 2:
        return Grid.model_validate_json(data.attrs["icestream_grid"])
    longitude, latitude = (np.asarray(data[name], dtype=np.float64) for name in ("lon", "lat"))
    step = float(longitude[-1] - longitude[0]) / (longitude.size - 1)
    west, north = float(longitude[0]) - step / 2, float(latitude.max()) + step / 2
    if latitude[0] < latitude[-1]:
        raise ValueError("the file's latitudes rise; wanted rows from north to south")
    return lonlat("of the product", round(west, 6), round(north, 6), round(step, 6), longitude.size, latitude.size)


def _open_land(cells: GridPlaces) -> NDArray[np.bool_]:
    terrain = cells.places.terrain
    other = np.maximum.reduce([1.0 - terrain.land, terrain.forest, terrain.desert, terrain.ice])
    return np.asarray(cells.spread(other < SHARE_OF_OTHER, False), dtype=np.bool_)


def _dry(cells: GridPlaces, truth: Truth, period: Interval) -> NDArray[np.bool_]:
    wet = truth.state(cells.places, period.start.date(), COLD_HOUR).wet
    return np.asarray(cells.spread(~wet, False), dtype=np.bool_)
