"""Putting a swath, whose cells have a longitude and a latitude each, onto a grid."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from icestream_core.errors import RecordError
from icestream_core.grid import Grid
from icestream_core.inputs import Resampling
from icestream_generation.geolocation import crs_of, xy_of

Array = np.ndarray
EARTH_RADIUS_M = 6_371_228.0


def swath_onto(
    values: Mapping[str, Array], longitude: Array, latitude: Array, target: Grid, resampling: Resampling
) -> dict[str, Array]:
    """Return each variable on the grid: the nearest footprint no farther away than the swath's own spacing.

    values : float, NaN where missing, of the shape of longitude and latitude (degrees)
    Raises RecordError for another resampling than nearest.
    """
    if resampling != "nearest":
        raise RecordError(f"a swath is put on a grid by 'nearest' only; the record asks for {resampling!r}")
    reach = max(spacing(longitude, latitude), _cell_metres(target) / 2) * 0.75
    found = {name: np.full(target.shape, np.nan, np.float32) for name in values}
    rows, columns = _reached(target, longitude, latitude, reach)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return found
    size = columns.stop - columns.start, rows.stop - rows.start
    part = target.window(f"{target.name}-reached", columns.start, rows.start, *size)
    for name, field in _nearest(values, longitude, latitude, part, reach).items():
        # The areas of pyresample have their first row in the north, whatever the grid has.
        found[name][rows, columns] = field[::-1] if target.transform[4] > 0 else field
    return found


def _nearest(
    values: Mapping[str, Array], longitude: Array, latitude: Array, target: Grid, reach: float
) -> dict[str, Array]:
    from pyresample.geometry import SwathDefinition
    from pyresample.kd_tree import get_neighbour_info, get_sample_from_neighbour_info

    swath = SwathDefinition(lons=longitude, lats=latitude)  # type: ignore[no-untyped-call]
    valid_in, valid_out, index, _ = get_neighbour_info(  # type: ignore[no-untyped-call]
        swath, _area(target), radius_of_influence=reach, neighbours=1
    )
    return {
        name: get_sample_from_neighbour_info(  # type: ignore[no-untyped-call]
            "nn", target.shape, field.astype(np.float32, copy=False), valid_in, valid_out, index, fill_value=np.nan
        )
        for name, field in values.items()
    }


def _reached(target: Grid, longitude: Array, latitude: Array, reach: float) -> tuple[slice, slice]:
    """Return the rows and columns of a grid that hold every cell within reach of a swath: a scene is small on many.

    A geographic grid is taken whole: longitudes go round.
    """
    if target.is_geographic:
        return slice(0, target.height), slice(0, target.width)
    x, y = xy_of(target, longitude, latitude)
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        return slice(0, 0), slice(0, 0)
    a, _, west, _, e, north = target.transform
    ends = [np.array([v[there].min() - 2 * reach, v[there].max() + 2 * reach]) for v in (x, y)]
    columns, rows = np.sort((ends[0] - west) / a), np.sort((ends[1] - north) / e)
    return _clipped(rows, target.height), _clipped(columns, target.width)


def _clipped(ends: Array, size: int) -> slice:
    return slice(int(np.clip(np.floor(ends[0]), 0, size)), int(np.clip(np.ceil(ends[1]), 0, size)))


def spacing(longitude: Array, latitude: Array) -> float:
    """Return the larger median distance between neighbours along and across the track, m."""
    lon, lat = np.radians(longitude.astype(np.float64)), np.radians(latitude.astype(np.float64))
    place = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    steps = [
        float(np.nanmedian(np.sqrt(np.sum(np.diff(place, axis=axis) ** 2, axis=0))))
        for axis in range(1, place.ndim)
        if place.shape[axis] > 1
    ]
    return EARTH_RADIUS_M * max(steps, default=0.0)


def _cell_metres(grid: Grid) -> float:
    if grid.is_geographic:
        return max(grid.cell) * EARTH_RADIUS_M * float(np.pi) / 180
    return max(grid.cell)


@lru_cache(maxsize=4)
def _area(grid: Grid) -> object:
    from pyresample.geometry import AreaDefinition

    size = grid.width, grid.height
    return AreaDefinition(  # type: ignore[no-untyped-call]
        grid.name, grid.name, grid.name, crs_of(grid.crs), *size, grid.bounds
    )
