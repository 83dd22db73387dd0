"""Depth of dry snow by coefficients of the place and day, on the land cells of a grid and on the days that saw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from icestream_physics.snow_screening import SnowQuality, screened_depth
from icestream_snow_depth.dry_snow_depth import CHANNELS, DayDepth, dry_snow
from icestream_snow_depth.gradient_fields import Gradient
from icestream_snow_depth.orbit_gaps import fill_gaps

if TYPE_CHECKING:
    import xarray as xr

Value = TypeVar("Value", bound=np.generic)
Selection = slice | NDArray[np.intp]
FloatArray = NDArray[np.floating]


class LandCells(NamedTuple):
    """The cells of a grid that are land, and what is known of them; all of one length.

    place : in the flattened grid
    elevation : m
    water : fraction, 0 to 1
    latitude, longitude : degrees
    """

    place: NDArray[np.intp]
    elevation: FloatArray
    water: FloatArray
    latitude: FloatArray
    longitude: FloatArray

    def spread(self, values: NDArray[Value], shape: tuple[int, ...], fill: float) -> NDArray[Value]:
        """Return values of the cells on the whole grid."""
        whole = np.full(shape, fill, values.dtype)
        whole.reshape(-1)[self.place] = values
        return whole


def land_cells(
    elevation: FloatArray, water: FloatArray, latitude: FloatArray, longitude: FloatArray, most_water: float
) -> LandCells:
    """Return the cells with no more water than that; arrays of the grid's shape."""
    index = np.flatnonzero(water <= most_water)
    return LandCells(index, *(values.reshape(-1)[index] for values in (elevation, water, latitude, longitude)))


def depth_of_days(tb: xr.Dataset, cells: LandCells, gradient: Gradient) -> DayDepth:
    """Return the depth of day 0, m; what its orbits did not see is filled from the other days.

    tb : brightness temperature, K, on (step, y, x)
    gradient : on the cells
    """
    steps = tb["step"].values.tolist()
    daily: dict[int, DayDepth] = {}
    for step in sorted(steps, key=abs):
        # Of the other days only what the day itself did not see is looked at.
        wanted: Selection = slice(None) if step == 0 else np.flatnonzero(daily[0].quality == SnowQuality.NO_DATA)
        seen = {name: tb[name].values[steps.index(step)].reshape(-1)[cells.place[wanted]] for name in CHANNELS}
        daily[step] = _on_all(_depth_of_day(seen, cells, gradient, wanted), wanted, cells.place.size)
    return fill_gaps(daily)


def _depth_of_day(tb: Mapping[str, FloatArray], cells: LandCells, gradient: Gradient, wanted: Selection) -> DayDepth:
    quality, screening = dry_snow(tb, *(values[wanted] for values in cells[1:]))
    difference = tb["tb_19h"].astype(np.float64) - tb["tb_37h"]
    depth = np.maximum(gradient.slope[wanted] * difference + gradient.intercept[wanted], 0.0)
    return DayDepth(screened_depth(depth, quality), quality, screening)


def _on_all(day: DayDepth, wanted: Selection, size: int) -> DayDepth:
    """Return a day on all cells, unseen where it was not looked at."""
    depth, quality = np.full(size, np.nan), np.full(size, SnowQuality.NO_DATA, np.uint8)
    depth[wanted], quality[wanted] = day.depth, day.quality
    return DayDepth(depth, quality, day.screening)
