"""Bringing the brightness temperatures of one sensor to the level of another: a straight line a channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

CLIP_SIGMA = constant(3.0, "1", source="pairs further off are mixed scenes or weather", certainty="design")
CLIP_PASSES = 2
LEAST_PAIRS = 30

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LinearTransfer:
    """reference = slope * source + intercept, with how well it fits the pairs it was made from."""

    slope: float
    intercept: float
    """K"""
    pairs: int
    """Pairs that were left after clipping."""
    bias: float
    """Mean of reference - transferred source over all pairs, the clipped ones too, K: over those left it is nought."""
    rmse: float
    """Root mean square of the same over the pairs that were left, K."""

    def __call__(self, tb: ArrayLike) -> FloatArray:
        """Return the source's brightness temperature at the reference's level, K."""
        return linear_transfer(tb, self.slope, self.intercept)


def linear_transfer(tb: ArrayLike, slope: float, intercept: float) -> FloatArray:
    """Return slope * tb + intercept, K.

    tb        : brightness temperature of the source sensor, K; NaN gives NaN
    slope     : 1
    intercept : K
    """
    return slope * np.asarray(tb, dtype=np.float64) + intercept


def deming_1943(source: ArrayLike, reference: ArrayLike, variance_ratio: float = 1.0) -> tuple[float, float]:
    """Return slope and intercept (K) of the line nearest to the points when both axes are noisy.

    source, reference : paired brightness temperatures, K; pairs with a NaN are left out
    variance_ratio    : noise variance of the reference over that of the source; 1 is orthogonal regression
    Source: Deming 1943, Statistical Adjustment of Data.
    Errors: ValueError where fewer than two pairs are left, or they do not vary together.
    """
    x, y = _pairs(source, reference)
    if x.size < 2:
        raise ValueError(f"found {x.size} pairs without a gap; wanted at least 2")
    (sxx, sxy), (_, syy) = np.cov(x, y)
    if sxy == 0:
        raise ValueError("source and reference do not vary together: no line can be fitted")
    lean = syy - variance_ratio * sxx
    slope = (lean + np.sqrt(lean**2 + 4 * variance_ratio * sxy**2)) / (2 * sxy)
    return float(slope), float(y.mean() - slope * x.mean())


def fit_transfer(source: ArrayLike, reference: ArrayLike, variance_ratio: float = 1.0) -> LinearTransfer:
    """Return the transfer from source to reference: Deming regression, with outliers beyond 3 sigma clipped twice.

    source, reference : brightness temperatures of the same cells and pass (cold overpass, land, little water), K
    variance_ratio    : noise variance of the reference over that of the source
    Errors: ValueError where fewer than 30 pairs are left.
    """
    given_x, given_y = x, y = _pairs(source, reference)
    for _ in range(CLIP_PASSES):
        _require(x.size)
        slope, intercept = deming_1943(x, y, variance_ratio)
        residual = y - linear_transfer(x, slope, intercept)
        near = np.abs(residual - residual.mean()) <= CLIP_SIGMA * residual.std()
        x, y = x[near], y[near]
    _require(x.size)
    slope, intercept = deming_1943(x, y, variance_ratio)
    bias = np.mean(given_y - linear_transfer(given_x, slope, intercept))
    rmse = np.sqrt(np.mean((y - linear_transfer(x, slope, intercept)) ** 2))
    return LinearTransfer(slope, intercept, x.size, float(bias), float(rmse))


def _pairs(source: ArrayLike, reference: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = np.ravel(np.asarray(source, dtype=np.float64)), np.ravel(np.asarray(reference, dtype=np.float64))
    if x.size != y.size:
        raise ValueError(f"found {x.size} source and {y.size} reference values; wanted pairs")
    whole = np.isfinite(x) & np.isfinite(y)
    return x[whole], y[whole]


def _require(pairs: int) -> None:
    if pairs < LEAST_PAIRS:
        raise ValueError(f"found {pairs} pairs to fit a sensor transfer; wanted at least {LEAST_PAIRS}")
