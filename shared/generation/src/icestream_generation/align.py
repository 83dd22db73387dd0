"""Putting values that are on one grid onto another one. An identical grid costs nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from icestream_core.grid import Grid
from icestream_core.inputs import Resampling
from icestream_generation.geolocation import centres, transformer

Array = np.ndarray


def onto(values: Array, source: Grid, target: Grid, resampling: Resampling) -> Array:
    """Return the values on the target grid, NaN where the source does not reach.

    values : float, NaN where missing, of the source's shape; returned as it is where the grids are the same
    Nearest is exact: the cell that holds the centre. The others are GDAL's, missing cells left out of them.
    """
    if same_lattice(source, target):
        return values
    offset = _whole_cells(source, target)
    # Longitudes go round: what lies beyond one edge of a geographic grid may lie within the other.
    if offset is not None and (not source.is_geographic or _holds(source, offset, target)):
        return _shifted(values, source, offset, target)
    if resampling == "nearest" or offset is not None:
        return _nearest(values, source, target)
    return _warped(values, source, target, resampling)


def keeps_classes(resampling: Resampling) -> bool:
    """Whether classes stay classes: they have no mean."""
    return resampling in ("nearest", "mode")


class Part(NamedTuple):
    """A window of a grid: its rows and columns there, and itself as a grid."""

    rows: slice
    cols: slice
    grid: Grid


@lru_cache(maxsize=32)
def part_needed(source: Grid, target: Grid, resampling: Resampling) -> Part | None:
    """Return the part of the source that `onto` takes values from; None where that is most of it, or not easily told.

    Put on the target, the part gives what the whole gives.
    """
    offset = _whole_cells(source, target)
    if offset is not None and _holds(source, offset, target):
        (top, left), (height, width) = offset, target.shape
    elif resampling == "nearest" and not same_lattice(source, target):
        cells = nearest_cells(source, target)
        lines, columns = np.divmod(cells[cells >= 0], source.width)
        if not lines.size:
            return None
        top, left = int(lines.min()), int(columns.min())
        height, width = int(lines.max()) + 1 - top, int(columns.max()) + 1 - left
    else:
        return None
    if height * width > source.height * source.width / 2:
        return None
    rows, cols = slice(top, top + height), slice(left, left + width)
    return Part(rows, cols, source.window(source.name, left, top, width, height))


def same_lattice(one: Grid, other: Grid) -> bool:
    """Whether two grids have the same cells, whatever they are called."""
    return (one.crs, one.transform, one.shape) == (other.crs, other.transform, other.shape)


def union(name: str, grids: list[Grid]) -> Grid | None:
    """Return the smallest grid that holds all of these; None where they are not parts of one lattice."""
    first = grids[0]
    offsets = [_whole_cells(first, grid) for grid in grids]
    if any(offset is None for offset in offsets):
        return None
    placed = [(offset, grid) for offset, grid in zip(offsets, grids, strict=True) if offset is not None]
    top, left = min(row for (row, _), _ in placed), min(col for (_, col), _ in placed)
    bottom = max(row + grid.height for (row, _), grid in placed)
    right = max(col + grid.width for (_, col), grid in placed)
    a, b, c, d, e, f = first.transform
    origin = (a, b, c + a * left, d, e, f + e * top)
    return Grid(name=name, crs=first.crs, width=right - left, height=bottom - top, transform=origin)


def _whole_cells(source: Grid, target: Grid) -> tuple[int, int] | None:
    """Return by how many rows and columns the target begins after the source; None off its lattice."""
    a, b, c, d, e, f = source.transform
    ta, tb, tc, td, te, tf = target.transform
    if source.crs != target.crs or b or d or tb or td:
        return None
    if not (np.isclose(a, ta, rtol=1e-9, atol=0) and np.isclose(e, te, rtol=1e-9, atol=0)):
        return None
    row, col = (tf - f) / e, (tc - c) / a
    if abs(row - round(row)) > 1e-3 or abs(col - round(col)) > 1e-3:
        return None
    return round(row), round(col)


def _holds(source: Grid, offset: tuple[int, int], target: Grid) -> bool:
    row, col = offset
    return min(row, col) >= 0 and row + target.height <= source.height and col + target.width <= source.width


def _shifted(values: Array, source: Grid, offset: tuple[int, int], target: Grid) -> Array:
    row, col = offset
    height, width = values.shape
    if _holds(source, offset, target):
        return values[row : row + target.height, col : col + target.width]
    result = np.full(target.shape, np.nan, values.dtype)
    rows = slice(max(row, 0), min(row + target.height, height))
    cols = slice(max(col, 0), min(col + target.width, width))
    if rows.start < rows.stop and cols.start < cols.stop:
        into = result[rows.start - row : rows.stop - row, cols.start - col : cols.stop - col]
        into[...] = values[rows, cols]
    return result


def _nearest(values: Array, source: Grid, target: Grid) -> Array:
    if source.crs == target.crs:
        return _by_rows_and_columns(values, source, target)
    cells = nearest_cells(source, target)
    result: Array = np.take(values, cells, mode="clip")
    result[cells < 0] = np.nan
    return result


def _by_rows_and_columns(values: Array, source: Grid, target: Grid) -> Array:
    """Return what `nearest_cells` would pick: in one projection a row is a row and a column a column."""
    xs, ys = centres(target)
    lines, columns = _lines(source, ys), _columns(source, xs)
    if target.height < source.height:
        result = values.take(lines, axis=0, mode="clip").take(columns, axis=1, mode="clip")
    else:
        result = values.take(columns, axis=1, mode="clip").take(lines, axis=0, mode="clip")
    result[lines < 0] = np.nan
    result[:, columns < 0] = np.nan
    return result


def _lines(source: Grid, y: Array) -> Array:
    """Return which rows of the source hold ordinates; -1 beyond it."""
    _, _, _, _, e, north = source.transform
    line = np.floor((y - north) / e)
    return np.where((line >= 0) & (line < source.height), line, -1).astype(np.intp)


def _columns(source: Grid, x: Array) -> Array:
    """Return which columns of the source hold abscissae, degrees taken round the globe; -1 beyond it."""
    a, _, west, *_ = source.transform
    if source.is_geographic:
        x = west + (x - west) % 360.0
    column = np.floor((x - west) / a)
    return np.where((column >= 0) & (column < source.width), column, -1).astype(np.intp)


@lru_cache(maxsize=4)
def nearest_cells(source: Grid, target: Grid) -> Array:
    """Return, for each target cell, the flat index of the source cell that holds its centre; -1 where none does.

    GDAL's own nearest is not used: on the azimuthal EASE-Grid it takes a neighbour for 3 cells in 100.
    """
    xs, ys = centres(target)
    between = transformer(target.crs, source.crs)
    cells = np.empty(target.shape, np.int32)
    for row in range(0, target.height, 256):
        block = slice(row, row + 256)
        x, y = between.transform(*np.meshgrid(xs, ys[block]))
        with np.errstate(invalid="ignore"):
            line, column = _lines(source, y), _columns(source, x)
        cells[block] = np.where((line >= 0) & (column >= 0), line * source.width + column, -1)
    cells.flags.writeable = False
    return cells


def _warped(values: Array, source: Grid, target: Grid, resampling: Resampling) -> Array:
    from rasterio.transform import Affine
    from rasterio.warp import Resampling as Method
    from rasterio.warp import reproject

    result = np.full(target.shape, np.nan, values.dtype)
    reproject(
        np.ascontiguousarray(values),
        result,
        src_transform=Affine(*source.transform),
        src_crs=source.crs,
        src_nodata=np.nan,
        dst_transform=Affine(*target.transform),
        dst_crs=target.crs,
        dst_nodata=np.nan,
        resampling=Method[resampling],
        tolerance=0.02,
    )
    return result
