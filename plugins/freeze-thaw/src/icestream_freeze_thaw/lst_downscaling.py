"""Handing a coarse freeze/thaw index down to fine cells by their surface temperature, so that its mean is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from icestream_physics.constant import constant
from icestream_physics.freeze_thaw import FREEZE_THAW_INDEX

FloatArray = NDArray[np.float64]
Value = TypeVar("Value", bound=np.generic)

WINDOW = 5
"""Coarse cells along the side of the window in which index and temperature are compared."""
USUAL_EMISSIVITY = constant(0.95, "1", source="of ground at 37 GHz, vertical polarisation", certainty="design")
USUAL_SLOPE = constant(
    FREEZE_THAW_INDEX[0] * USUAL_EMISSIVITY,
    "K-1",
    source="what the index of Zhao et al. 2017 loses with each kelvin of ground of the usual emissivity",
    certainty="computed",
)
RIDGE = constant(
    8.0, "K2", source="as good as eight cells whose temperatures spread by 1 K, that show the usual slope",
    certainty="design",
)  # fmt: skip
STRIP = 100_000
"""Fine cells that are worked on together, about: their float64 values fill the cache of a core."""
LEAST_SHARE = constant(
    0.5, "1", source="of a coarse cell, seen, for its mean temperature to be compared", certainty="design"
)


class Handed(NamedTuple):
    """fine : index of fine cells; NaN where the coarse one has none. downscaled : where a temperature told it apart"""

    fine: FloatArray
    downscaled: NDArray[np.bool_]


def hand_down(index: FloatArray, temperature: NDArray[np.floating], factor: int, wraps: bool = False) -> Handed:
    """Return the index of fine cells: the coarse one plus slope times how much warmer the fine cell is than its block.

    index       : coarse, shape (rows, columns); NaN where there is none
    temperature : of the surface of fine cells, K, shape (rows * factor, columns * factor); NaN under cloud
    factor      : fine cells along the edge of a coarse one
    wraps       : whether the last column's neighbour is the first, as on a global grid
    A fine cell without a temperature has the index of its block. The mean over every block is the coarse index.
    Source: our own design after the idea of Zhao et al. 2017, doi:10.1002/2017EA000277: the index falls in step with
    the surface temperature.
    """
    handed = Handed(np.empty(temperature.shape), np.empty(temperature.shape, bool))
    for rows, strip in by_strips(index, temperature, factor, wraps):
        handed.fine[rows], handed.downscaled[rows] = strip
    return handed


def by_strips(
    index: FloatArray, temperature: NDArray[np.floating], factor: int, wraps: bool = False
) -> Iterator[tuple[slice, Handed]]:
    """Give what `hand_down` returns, a few rows of blocks at a time, and which fine rows they are.

    Of 26 million cells each step's result would go through memory and back; those of a strip stay in the cache.
    """
    mean, count = np.empty(index.shape), np.empty(index.shape)
    for strip in _strips(index, factor):
        warmth, seen = _rows_of_blocks(temperature, strip, factor)
        total = _across(np.where(seen, warmth, 0.0).sum(axis=1), factor)
        count[strip] = _across(seen.sum(axis=1), factor)
        mean[strip] = np.divide(total, count[strip], out=np.full(total.shape, np.nan), where=count[strip] > 0)
    slope = local_slope(index, np.where(count >= LEAST_SHARE * factor**2, mean, np.nan), wraps)
    for strip in _strips(index, factor):
        warmth, seen = _rows_of_blocks(temperature, strip, factor)
        high, steep, usual = (_spread(each[strip], factor) for each in (index, slope, mean))
        fine = high + steep * np.where(seen, warmth - usual, 0.0)
        rows = slice(strip.start * factor, strip.stop * factor)
        shape = (rows.stop - rows.start, temperature.shape[1])
        yield rows, Handed(fine.reshape(shape), (seen & np.isfinite(high)).reshape(shape))


def local_slope(index: FloatArray, temperature: FloatArray, wraps: bool = False) -> FloatArray:
    """Return by how much the index changes with temperature around each coarse cell, K-1; never above 0.

    index, temperature : coarse, NaN where unknown; K
    Least squares in a window of 5 x 5 cells, drawn towards the usual slope: the more so the fewer cells are known and
    the less their temperatures differ.
    """
    known = np.isfinite(index) & np.isfinite(temperature)
    count = _around(known.astype(np.float64), wraps)
    # Sums of squares about a value near their mean: those about nought would lose the digits that are looked for.
    warm, high = (np.where(known, values - _middle(values[known]), 0.0) for values in (temperature, index))
    by_warm, by_high = _around(warm, wraps), _around(high, wraps)
    divisor = np.maximum(count, 1.0)
    spread = _around(warm * warm, wraps) - by_warm**2 / divisor
    together = _around(warm * high, wraps) - by_warm * by_high / divisor
    return np.minimum((together + RIDGE * USUAL_SLOPE) / (np.maximum(spread, 0.0) + RIDGE), 0.0)


def _middle(values: FloatArray) -> float:
    return float(values.mean()) if values.size else 0.0


def _around(values: FloatArray, wraps: bool) -> FloatArray:
    """Return the sum over the window around each cell."""
    reach = WINDOW // 2
    tall = np.pad(values, ((reach, reach), (0, 0)))
    padded = np.pad(tall, ((0, 0), (reach, reach)), mode="wrap" if wraps else "constant")
    rows, columns = values.shape
    across = np.sum([padded[:, step : step + columns] for step in range(WINDOW)], axis=0)
    return np.asarray(np.sum([across[step : step + rows] for step in range(WINDOW)], axis=0))


def _strips(index: FloatArray, factor: int) -> Iterator[slice]:
    """Give rows of coarse cells, as many together as have `STRIP` fine cells."""
    rows, columns = index.shape
    tall = max(STRIP // (columns * factor**2), 1)
    for first in range(0, rows, tall):
        yield slice(first, min(first + tall, rows))


def _rows_of_blocks(fine: NDArray[np.floating], strip: slice, factor: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return fine cells of a strip, shape (rows of blocks, rows in a block, columns), and which have a value."""
    rows = fine[strip.start * factor : strip.stop * factor].astype(np.float64)
    values = rows.reshape(-1, factor, fine.shape[1])
    return values, np.isfinite(values)


def _across(sums: NDArray[Value], factor: int) -> NDArray[Value]:
    """Return the sums over the columns of each block, of sums over its rows."""
    return np.asarray(np.sum([sums[:, place::factor] for place in range(factor)], axis=0))


def _spread(coarse: NDArray[Value], factor: int) -> NDArray[Value]:
    """Return coarse cells as wide as their fine ones, and ready to be held against each row of the block."""
    return np.repeat(coarse, factor, axis=1)[:, np.newaxis, :]
