"""Filters: a slot that does not pass is void, with the figure that was found and the one that is wanted.

One that cannot be evaluated does not pass: what nobody looked at is not made as if it were good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
import xarray as xr

from icestream_core.errors import Void
from icestream_core.filter import Coverage, Filter, Season, SunElevation, ValidShare
from icestream_core.grid import Grid
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_generation.fetched import Fetched
from icestream_generation.geolocation import cell_lonlat
from icestream_generation.inputs import Gathered

SUN_EVERY: Final = timedelta(hours=1)
DELTA_T: Final = 69.0
"""Terrestrial less universal time, s, about 2020 (IERS); a minute of it moves the sun by a hundredth of a degree."""
MOST_TIMES: Final = 24 * 32
"""The sun is looked at this often within a period, and so often in a longer one."""


def filter_time(product: Product, slot: Slot) -> None:
    """Raise Void where the season is not the product's: that is known before a file is opened."""
    for each in product.filters:
        if isinstance(each, Season) and slot.start.month not in each.months:
            months = ", ".join(map(str, each.months))
            raise Void(f"filter season: the period begins in month {slot.start.month}; wanted one of {months}")


def filter_area(product: Product, slot: Slot, files: Mapping[str, Sequence[Fetched]], gathered: Gathered) -> None:
    """Raise Void where coverage, valid share or the sun's elevation is not what the record wants."""
    for each in product.filters:
        if isinstance(each, Season):
            continue
        try:
            failing = _failing(each, slot, files, gathered)
        except _UnknownError as error:
            raise Void(f"filter {each.kind} cannot be evaluated: {error}") from None
        if failing:
            raise Void(f"filter {each.kind}: {failing}")


class _UnknownError(Exception):
    """A filter cannot be evaluated, and why."""


def _failing(wanted: Filter, slot: Slot, files: Mapping[str, Sequence[Fetched]], gathered: Gathered) -> str | None:
    """Return what was found and what was wanted; None where it holds."""
    match wanted:
        case Coverage():
            share = _covered(wanted.input, files.get(wanted.input, ()), _grid(gathered))
            if share < wanted.at_least:
                return f"{wanted.input} covers {share:.1%} of the area; wanted {wanted.at_least:.1%}"
        case ValidShare():
            share = _valid(wanted, gathered.inputs.get(wanted.input))
            if share < wanted.at_least:
                what = f"{wanted.input}.{wanted.variable}"
                return f"{share:.1%} of {what} has a value; wanted {wanted.at_least:.1%}"
        case SunElevation():
            highest = _highest_sun(slot, _grid(gathered))
            if not wanted.at_least <= highest <= wanted.at_most:
                limits = f"{wanted.at_least:g} to {wanted.at_most:g}"
                return f"the sun stands at {highest:.1f} degrees at its highest; wanted {limits}"
    return None


def _grid(gathered: Gathered) -> Grid:
    if gathered.grid is None:
        raise _UnknownError("the product has no grid, and so no area")
    return gathered.grid


def _covered(name: str, files: Sequence[Fetched], grid: Grid) -> float:
    """Return the share of the area whose cell centres lie within a footprint, cells weighted by their size."""
    granules = [file.granule for file in files if not file.granule.void]
    if not granules:
        raise _UnknownError(f"nothing came for {name}")
    if lacking := [granule.granule_id for granule in granules if granule.footprint is None]:
        raise _UnknownError(f"{lacking[0]} tells no footprint")
    lon, lat = cell_lonlat(grid)
    inside = np.zeros(grid.shape, bool)
    for granule in granules:
        west, south, east, north = granule.footprint or (0.0, 0.0, 0.0, 0.0)
        # Across the antimeridian west is the greater.
        within = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        inside |= within & (lat >= south) & (lat <= north)
    size = np.cos(np.radians(lat)) if grid.is_geographic else np.ones(grid.shape)
    return float(size[inside].sum() / size.sum())


def _valid(wanted: ValidShare, data: Any) -> float:
    if not isinstance(data, xr.Dataset):
        raise _UnknownError(f"input {wanted.input} {'is no raster' if data is not None else 'did not come'}")
    if wanted.variable not in data:
        raise _UnknownError(f"input {wanted.input} has no {wanted.variable}; it has {', '.join(map(str, data))}")
    values = data[wanted.variable]
    if values.size == 0:
        raise _UnknownError(f"{wanted.input}.{wanted.variable} has no cells")
    return float(values.notnull().mean())


def _highest_sun(slot: Slot, grid: Grid) -> float:
    """Return the sun's highest elevation at the centre of a grid within a period, degrees, without refraction."""
    from pvlib import spa

    lon, lat = cell_lonlat(grid)
    row, col = grid.height // 2, grid.width // 2
    length = min(slot.end - slot.start, SUN_EVERY * MOST_TIMES)
    count = max(2, round(length / SUN_EVERY) + 1)
    times = slot.start.timestamp() + np.linspace(0.0, length.total_seconds(), count)
    # Air pressure, temperature and refraction at the horizon change only the apparent elevation, which is not taken.
    found = spa.solar_position(times, float(lat[row, col]), float(lon[row, col]), 0.0, 1013.25, 10.0, DELTA_T, 0.5667)
    return float(np.max(found[3]))
