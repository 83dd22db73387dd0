"""Where the cells of a grid are: centres in its own coordinates, longitudes and latitudes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj

from icestream_core.errors import RecordError
from icestream_core.grid import Grid

Array = np.ndarray

NODES = 16
"""Cells between two that are projected, where the cells between them may be interpolated."""
FINER_THAN_FLOAT32 = 1e-6
"""Degrees. Around 45 degrees float32 has steps of 4e-6."""


@lru_cache(maxsize=64)
def crs_of(text: str) -> pyproj.CRS:
    """Return a coordinate reference system; raises RecordError for what pyproj cannot read."""
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise RecordError(f"{text!r} is no coordinate reference system: {error}") from None


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """Return what turns x and y of one reference system into those of another."""
    return pyproj.Transformer.from_crs(crs_of(source), crs_of(target), always_xy=True)


def centres(grid: Grid) -> tuple[Array, Array]:
    """Return the x of the columns and the y of the rows, float64; raises RecordError for a rotated grid."""
    a, b, c, d, e, f = grid.transform
    if b or d:
        raise RecordError(f"grid {grid.name} is rotated ({b}, {d}); wanted rows along x")
    return c + a * (np.arange(grid.width) + 0.5), f + e * (np.arange(grid.height) + 0.5)


def lonlat_of(grid: Grid, x: Array, y: Array) -> tuple[Array, Array]:
    """Return longitude and latitude, degrees on the grid's own ellipsoid; NaN outside of the projection."""
    if grid.is_geographic:
        return np.asarray(x, np.float64), np.asarray(y, np.float64)
    lon, lat = _from_geographic(grid.crs).transform(x, y, direction="INVERSE")
    outside = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(outside, np.nan, lon), np.where(outside, np.nan, lat)


def xy_of(grid: Grid, lon: Array, lat: Array) -> tuple[Array, Array]:
    """Return x and y in the grid's reference system of places in degrees; inf outside of the projection."""
    if grid.is_geographic:
        return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    x, y = _from_geographic(grid.crs).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


@lru_cache(maxsize=2)
def cell_lonlat(grid: Grid) -> tuple[Array, Array]:
    """Return longitude and latitude of every cell centre, degrees, float32, read-only."""
    lon, lat = np.empty(grid.shape, np.float32), np.empty(grid.shape, np.float32)
    for row in range(0, grid.height, 256):
        block = slice(row, row + 256)
        lon[block], lat[block] = places_of(grid, block, FINER_THAN_FLOAT32)
    lon.flags.writeable = lat.flags.writeable = False
    return lon, lat


def places_of(grid: Grid, rows: slice, tolerance: float) -> tuple[Array, Array]:
    """Return longitude and latitude of the cell centres of some rows, degrees, within a tolerance, degrees.

    Every NODES-th cell is projected, and between them lies a straight line: where that is true half way between any two
    neighbours, and so everywhere. Where it is not, as at a pole or at the date line, every cell is projected.
    """
    xs, ys = centres(grid)
    ys = ys[rows]
    if min(xs.size, ys.size) >= 4 * NODES:
        across, down = (np.append(line[:-1:NODES], line[-1]) for line in (xs, ys))
        nodes = lonlat_of(grid, *np.meshgrid(across, down))
        beside = lonlat_of(grid, *np.meshgrid(_halves(across), down))
        below = lonlat_of(grid, *np.meshgrid(across, _halves(down)))
        off = [abs(_halves(node) - exact) for node, exact in zip(nodes, beside, strict=True)]
        off += [abs(_halves(node.T).T - exact) for node, exact in zip(nodes, below, strict=True)]
        if all((each <= tolerance / 2).all() for each in off):
            lon, lat = (_between(_between(node.T, down, ys).T, across, xs) for node in nodes)
            return lon, lat
    return lonlat_of(grid, *np.meshgrid(xs, ys))


def _halves(line: Array) -> Array:
    """Return what lies half way between neighbours along the last dimension."""
    return np.asarray((line[..., 1:] + line[..., :-1]) / 2)


def _between(values: Array, nodes: Array, line: Array) -> Array:
    """Return values at each place of a line, from those at its nodes, along the last dimension."""
    left = np.minimum(np.arange(line.size) // NODES, nodes.size - 2)
    weight = (line - nodes[left]) / (nodes[left + 1] - nodes[left])
    return np.asarray(values[..., left] * (1 - weight) + values[..., left + 1] * weight)


@lru_cache(maxsize=64)
def _from_geographic(crs: str) -> pyproj.Transformer:
    # From its own geographic system, not from WGS 84: a sphere's latitudes are taken as they are.
    projected = crs_of(crs)
    return pyproj.Transformer.from_crs(projected.geodetic_crs, projected, always_xy=True)
