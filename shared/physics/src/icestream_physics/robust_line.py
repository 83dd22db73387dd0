"""A straight line through points of which some are far off."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

TUNING = constant(
    1.345, "1", source="Huber 1964, doi:10.1214/aoms/1177703732: 95 % efficient where all is normal", certainty="memory"
)
MAD_TO_SIGMA = constant(1.4826, "1", source="of a normal variable", certainty="computed")
ROUNDS = 30
LEAST_POINTS = 3


class Line(NamedTuple):
    """y = slope * x + intercept, and the robust spread of the points about it, in the unit of y."""

    slope: float
    intercept: float
    spread: float


def huber_1964(x: ArrayLike, y: ArrayLike) -> Line:
    """Return the line that minimises Huber's loss, by weighting anew until it stays.

    x, y : points; those with a NaN are left out
    Source: Huber 1964, Ann. Math. Statist. 35, 73-101, doi:10.1214/aoms/1177703732; the spread is the median absolute
    deviation.
    Errors: ValueError where fewer than three points are left, or x does not vary.
    """
    across, up = (np.ravel(np.asarray(values, dtype=np.float64)) for values in (x, y))
    whole = np.isfinite(across) & np.isfinite(up)
    across, up = across[whole], up[whole]
    if across.size < LEAST_POINTS or np.ptp(across) == 0:
        raise ValueError(
            f"found {across.size} points over {np.ptp(across) if across.size else 0:g}; no line goes through"
        )
    weight = np.ones_like(across)
    slope = intercept = spread = 0.0
    for _ in range(ROUNDS):
        before = slope, intercept
        slope, intercept = _weighted(across, up, weight)
        residual = np.abs(up - slope * across - intercept)
        spread = float(MAD_TO_SIGMA * np.median(residual))
        if spread == 0 or np.allclose(before, (slope, intercept), rtol=1e-9, atol=1e-12):
            break
        weight = np.minimum(1.0, TUNING * spread / np.maximum(residual, 1e-300))
    return Line(slope, intercept, spread)


def _weighted(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, float]:
    total = weight.sum()
    middle_x, middle_y = (weight * x).sum() / total, (weight * y).sum() / total
    slope = (weight * (x - middle_x) * (y - middle_y)).sum() / (weight * (x - middle_x) ** 2).sum()
    return float(slope), float(middle_y - slope * middle_x)
