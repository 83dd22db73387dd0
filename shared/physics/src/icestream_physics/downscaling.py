"""Sharing out a coarse snow depth over the fine cells of its block, where snow is likely, losing none in silence."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

PEAK_LIMIT = constant(5.0, "1", source="no fine cell is deeper than five times its block", certainty="design")
PROBABILITY_EXPONENT = constant(1.0, "1", source="weight grows in step with snow probability", certainty="design")

FloatArray = NDArray[np.float64]


class Redistribution(IntEnum):
    """How a block fared."""

    CONSERVED = 0
    """The mean over the block's fine cells is the coarse depth."""
    CONFLICT = 1
    """There is snow in the coarse cell, but none may lie in any fine cell: depth 0 everywhere."""
    CAPPED = 2
    """Too few fine cells may hold snow to take all of it below the limit: the mean is less than the coarse depth."""
    UNWEIGHTED = 3
    """No fine cell has a weight: each takes the coarse depth."""
    NO_DATA = 255
    """No coarse depth: no fine one."""


@dataclass(frozen=True)
class Redistributed:
    """Fine depth, and how each block fared."""

    depth: FloatArray
    """m, shape (rows * factor, columns * factor); NaN where the cell has no weight but others of its block have."""
    outcome: NDArray[np.uint8]
    """`Redistribution` of each coarse cell, shape (rows, columns)."""


def snow_weight(probability: ArrayLike, cover: ArrayLike, exponent: float = PROBABILITY_EXPONENT) -> FloatArray:
    """Return the share of the snow that a fine cell claims: probability^exponent * cover.

    probability : how often snow lies there at this time of year, 0 to 1; NaN gives NaN
    cover       : today's snow cover fraction, 0 to 1; where it is NaN (cloud) the probability stands in
    Source: our own design, after the aim of Yan et al. 2022, J. Hydrol. 604, 127027, whose formula is not open.
    """
    climate, today = np.asarray(probability, dtype=np.float64), np.asarray(cover, dtype=np.float64)
    return np.asarray(climate**exponent * np.where(np.isnan(today), climate, today))


def redistribute(depth: ArrayLike, weight: ArrayLike, factor: int, peak_limit: float = PEAK_LIMIT) -> Redistributed:
    """Share each coarse depth out over its factor x factor fine cells in proportion to their weight.

    What a cell would hold above peak_limit times the coarse depth goes to the others, again by weight, so that the
    mean stays the coarse depth as long as that can be.

    depth      : coarse snow depth, m, shape (rows, columns); NaN where there is none
    weight     : claim of each fine cell, not negative, shape (rows * factor, columns * factor); NaN where the cell is
                 outside (it takes no snow and does not count in the mean)
    factor     : fine cells along the edge of a coarse one
    Errors: ValueError where shapes do not match, or depth or weight is negative.
    Source: our own design (mass conserving), see `snow_weight`.
    """
    coarse, claim = np.asarray(depth, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    rows, columns = coarse.shape
    if claim.shape != (rows * factor, columns * factor):
        raise ValueError(
            f"found weights of shape {claim.shape} for depths of shape {coarse.shape}; "
            f"wanted {(rows * factor, columns * factor)}: {factor} x {factor} fine cells in each coarse one"
        )
    if np.any(coarse < 0) or np.any(claim < 0):
        raise ValueError("found a negative depth or weight; wanted nought or more")
    block = _to_blocks(claim, factor)
    mean = coarse.reshape(-1)
    inside = ~np.isnan(block)
    unweighted = ~inside.any(axis=1)
    shared = _fill(mean, np.where(inside, block, 0.0), inside.sum(axis=1), peak_limit)
    shared[~inside] = np.nan
    shared[unweighted] = mean[unweighted, np.newaxis]

    reached = np.divide(np.nansum(shared, axis=1), np.maximum(inside.sum(axis=1), 1))
    outcome = np.full(mean.shape, Redistribution.CONSERVED, dtype=np.uint8)
    outcome[reached < mean * (1 - 1e-9)] = Redistribution.CAPPED
    outcome[(np.nansum(block, axis=1) == 0) & (mean > 0)] = Redistribution.CONFLICT
    outcome[unweighted] = Redistribution.UNWEIGHTED
    outcome[np.isnan(mean)] = Redistribution.NO_DATA
    return Redistributed(_from_blocks(shared, rows, columns, factor), outcome.reshape(coarse.shape))


def _fill(mean: FloatArray, claim: FloatArray, cells: NDArray[np.intp], peak_limit: float) -> FloatArray:
    """Fill blocks as vessels of equal brim: pour by claim, close those that are full, pour the rest again."""
    brim = peak_limit * mean[:, np.newaxis]
    full = np.zeros(claim.shape, dtype=bool)
    filled = np.zeros(claim.shape)
    for _ in range(claim.shape[1]):
        open_claim = np.where(full, 0.0, claim)
        total = open_claim.sum(axis=1, keepdims=True)
        share = np.divide(open_claim, total, out=np.zeros_like(claim), where=total > 0)
        rest = (mean * cells)[:, np.newaxis] - np.where(full, brim, 0.0).sum(axis=1, keepdims=True)
        filled = np.where(full, brim, share * rest)
        overflowing = ~full & (filled > brim)
        if not overflowing.any():
            break
        full |= overflowing
    return np.minimum(filled, brim)


def _to_blocks(fine: FloatArray, factor: int) -> FloatArray:
    rows, columns = fine.shape[0] // factor, fine.shape[1] // factor
    return fine.reshape(rows, factor, columns, factor).swapaxes(1, 2).reshape(rows * columns, factor * factor)


def _from_blocks(blocks: FloatArray, rows: int, columns: int, factor: int) -> FloatArray:
    return blocks.reshape(rows, columns, factor, factor).swapaxes(1, 2).reshape(rows * factor, columns * factor)
