"""Handing a coarse freeze/thaw index down to fine cells by their surface temperature, so that its mean is kept."""

from __future__ import annotations

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
LEAST_SHARE = constant(
    0.5, "1", source="of a coarse cell, seen, for its mean temperature to be compared", certainty="design"
)


class Handed(NamedTuple):
    """fine : index of fine cells; NaN where the coarse one has none. downscaled : where a temperature told it apart"""

    fine: FloatArray
    downscaled: NDArray[np.bool_]


def hand_down(index: FloatArray, temperature: FloatArray, factor: int, wraps: bool = False) -> Handed:
    """Return the index of fine cells: the coarse one plus slope times how much warmer the fine cell is than its block.

    index       : coarse, shape (rows, columns); NaN where there is none
    temperature : of the surface of fine cells, K, shape (rows * factor, columns * factor); NaN under cloud
    factor      : fine cells along the edge of a coarse one
    wraps       : whether the last column's neighbour is the first, as on a global grid
    A fine cell without a temperature has the index of its block. The mean over every block is the coarse index.
    Source: our own design after the idea of Zhao et al. 2017, doi:10.1002/2017EA000277: the index falls in step with
    the surface temperature.
    """
    blocks = _blocks(temperature, factor)
    seen = np.isfinite(blocks)
    count = seen.sum(axis=(1, 3))
    total = np.where(seen, blocks, 0.0).sum(axis=(1, 3))
    mean = np.divide(total, count, out=np.full(index.shape, np.nan), where=count > 0)
    slope = local_slope(index, np.where(count >= LEAST_SHARE * factor**2, mean, np.nan), wraps)
    warmer = np.where(seen, blocks - mean[:, np.newaxis, :, np.newaxis], 0.0)
    handed = index[:, np.newaxis, :, np.newaxis] + slope[:, np.newaxis, :, np.newaxis] * warmer
    known = np.broadcast_to(np.isfinite(index)[:, np.newaxis, :, np.newaxis], seen.shape)
    return Handed(handed.reshape(temperature.shape), (seen & known).reshape(temperature.shape))


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


def _blocks(fine: NDArray[Value], factor: int) -> NDArray[Value]:
    rows, columns = fine.shape
    return fine.reshape(rows // factor, factor, columns // factor, factor)
