"""Sharpening a coarse band by a fine one: Gram-Schmidt in its regression form, which conserves the coarse means.

The usual recipe (Gram-Schmidt as in ENVI) takes the mean of the bands for a coarse pan, matches the fine pan to it and
adds its detail. Where band and pan go against each other, as brightness temperature of melting ice (up) and its albedo
(down), that adds the detail with the wrong sign. The regression form (GSA) estimates from the coarse cells how the
band goes with the pan, sign included.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

FloatArray = NDArray[np.float64]
Corners = tuple[tuple[NDArray[np.intp], FloatArray], ...]
"""The four coarse cells round each fine cell: their flat indices, and how near each is (1 in all)."""

WINDOW_REACH = 5
"""Coarse cells on either side: the window is 11 by 11."""
STEEPEST = constant(300.0, "1", source="a gain beyond this (K for all of the albedo) is noise", certainty="design")
FEWEST_CELLS = 12
"""With fewer coarse cells in the window no detail is added."""
PIECE = 32_768
"""Fine cells that are interpolated together: their corners and shares stay in the cache of a core."""
LEAST_SPREAD = constant(1e-4, "1", source="a pan that varies less than this tells nothing", certainty="design")


@dataclass(frozen=True)
class Blocks:
    """Fine cells and the coarse cells that they lie in.

    column, row : of the fine cells on the coarse grid, whole numbers at the centres of coarse cells; one-dimensional
    weight : area of the fine cells, in any unit
    shape : of the coarse grid
    """

    column: FloatArray
    row: FloatArray
    weight: FloatArray
    shape: tuple[int, int]

    @cached_property
    def block(self) -> NDArray[np.intp]:
        """The flat index of the coarse cell of each fine cell."""
        row, column = (np.rint(place).astype(np.intp) for place in (self.row, self.column))
        return row * self.shape[1] + column

    @cached_property
    def area(self) -> FloatArray:
        """That of all fine cells in each coarse cell, flat."""
        return np.asarray(np.bincount(self.block, self.weight, self.shape[0] * self.shape[1]), np.float64)

    def mean(self, fine: ArrayLike) -> FloatArray:
        """Return the mean over each coarse cell, weighted by area; missing cells are left out, NaN where all are."""
        values = np.asarray(fine, np.float64)
        known = np.isfinite(values)
        size = self.shape[0] * self.shape[1]
        if known.all():
            block, weight, area = self.block, self.weight, self.area
        else:
            block, weight, values = self.block[known], self.weight[known], values[known]
            area = np.asarray(np.bincount(block, weight, size), np.float64)
        total = np.bincount(block, weight * values, size)
        mean = np.divide(total, area, out=np.full(size, np.nan), where=area > 0)
        return np.asarray(mean.reshape(self.shape))

    def spread(self, coarse: FloatArray) -> FloatArray:
        """Return for each fine cell the value of its coarse cell."""
        return np.asarray(coarse.ravel().take(self.block))

    def bilinear(self, coarse: FloatArray) -> FloatArray:
        """Return the coarse values at the fine cells, interpolated; missing coarse cells are left out."""
        (fine,) = self.interpolated(coarse)
        return fine

    def interpolated(self, *coarse: FloatArray) -> list[FloatArray]:
        """Return what `bilinear` does of several coarse fields; where the fine cells lie among them is told once.

        A piece at a time: of millions of cells each step's result would go through memory and back.
        """
        given = [(field.ravel(), bool(np.isfinite(field).all())) for field in coarse]
        fine = [np.empty(self.row.shape) for _ in coarse]
        for first in range(0, self.row.size, PIECE):
            piece = slice(first, first + PIECE)
            corners = self._corners(piece)
            for values, (field, whole) in zip(fine, given, strict=True):
                values[piece] = _mixed(field, whole, corners)
        return fine

    def _corners(self, piece: slice) -> Corners:
        row, column = self.row[piece], self.column[piece]
        top = np.clip(np.floor(row), 0, self.shape[0] - 2)
        left = np.clip(np.floor(column), 0, self.shape[1] - 2)
        down, across = np.clip(row - top, 0, 1), np.clip(column - left, 0, 1)
        first = (top * self.shape[1] + left).astype(np.intp)
        width = self.shape[1]
        return (
            (first, (1 - down) * (1 - across)),
            (first + 1, (1 - down) * across),
            (first + width, down * (1 - across)),
            (first + width + 1, down * across),
        )


def _mixed(field: FloatArray, whole: bool, corners: Corners) -> FloatArray:
    """Return the values of a flat coarse field between four of its cells; whole : none of them is missing"""
    total = np.zeros(corners[0][0].shape)
    if whole:
        for corner, share in corners:
            total += share * field.take(corner)
        return total
    shares = np.zeros(total.shape)
    for corner, share in corners:
        value = field.take(corner)
        known = np.isfinite(value)
        np.add(total, share * value, out=total, where=known)
        np.add(shares, share, out=shares, where=known)
    return np.asarray(np.divide(total, shares, out=np.full(total.shape, np.nan), where=shares > 0))


def aiazzi_2007(band: FloatArray, pan: ArrayLike | None, blocks: Blocks) -> FloatArray:
    """Return the band at the fine cells, its detail taken from the pan, its mean over each coarse cell unchanged.

    band : on the coarse grid, such as brightness temperature, K; NaN where missing
    pan : of the fine cells, such as albedo, 0 to 1; NaN in a cell: no detail there; None: no detail at all, the band
        is interpolated. So is it where the pan is uniform
    Source: Aiazzi, Baronti & Selva 2007, IEEE Trans. Geosci. Remote Sens. 45, 3230-3239 (GSA), its gain estimated in a
    moving window; the window, the limit of the gain and the correction of the means are ours.
    """
    if pan is None:
        return conserved(blocks.bilinear(band), band, blocks)
    fine = np.asarray(pan, np.float64)
    coarse = blocks.mean(fine)
    sharp, usual, gain = blocks.interpolated(band, coarse, local_gain(band, coarse))
    detail = np.subtract(fine, usual, out=usual)
    np.multiply(detail, gain, out=detail)
    np.add(sharp, detail, out=sharp, where=np.isfinite(detail))
    return conserved(sharp, band, blocks)


def local_gain(band: FloatArray, pan: FloatArray, reach: int = WINDOW_REACH) -> FloatArray:
    """Return how the band goes with the pan, cov(band, pan) / var(pan), in a window round each coarse cell.

    band, pan : on the coarse grid; cells that lack either are left out
    It is limited to `STEEPEST`, and nought where the window holds too few cells or the pan does not vary.
    """
    known = np.isfinite(band) & np.isfinite(pan)
    if not known.any():
        return np.zeros(band.shape)
    # Far from their own mean, the sums of squares would cancel each other's digits.
    y, x = (np.where(known, field - field[known].mean(), 0.0) for field in (band, pan))
    count, sum_x, sum_y, sum_xx, sum_xy = (
        _box(np.asarray(field, np.float64), reach) for field in (known, x, y, x * x, x * y)
    )
    filled = np.maximum(count, 1.0)
    variance = sum_xx / filled - (sum_x / filled) ** 2
    covariance = sum_xy / filled - sum_x * sum_y / filled**2
    tells = (count >= FEWEST_CELLS) & (variance > LEAST_SPREAD**2)
    gain = np.divide(covariance, variance, out=np.zeros(band.shape), where=tells)
    return np.asarray(np.clip(gain, -STEEPEST, STEEPEST))


def conserved(fine: FloatArray, band: FloatArray, blocks: Blocks) -> FloatArray:
    """Return the fine values, those of each coarse cell moved so that their mean is the band's; NaN where it has none.

    fine : of the fine cells; band : on the coarse grid
    """
    return fine + blocks.spread(band - blocks.mean(fine))


def _box(field: FloatArray, reach: int) -> FloatArray:
    """Return the sum over a square window round each cell, the field taken to be nought outside."""
    rows, columns = field.shape
    side = 2 * reach + 1
    summed = np.pad(field, ((reach + 1, reach), (reach + 1, reach))).cumsum(axis=0).cumsum(axis=1)
    return np.asarray(
        summed[side : side + rows, side : side + columns]
        - summed[:rows, side : side + columns]
        - summed[side : side + rows, :columns]
        + summed[:rows, :columns]
    )
