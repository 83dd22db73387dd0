"""Linear interpolation in a regular table of several axes."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def multilinear(table: FloatArray, axes: Sequence[FloatArray], points: Sequence[ArrayLike]) -> FloatArray:
    """Return the table's value at the points, linear along each axis; NaN where a coordinate is NaN.

    table  : shape (len(axes[0]), len(axes[1]), ...)
    axes   : the rising coordinates of each dimension
    points : the coordinate along each axis, all of one shape, or such that they broadcast
    Errors: ValueError where a coordinate lies outside its axis: a table says nothing there.
    """
    wanted = np.broadcast_arrays(*(np.asarray(point, dtype=np.float64) for point in points))
    lower: list[NDArray[np.intp]] = []
    fraction: list[FloatArray] = []
    for number, (axis, coordinate) in enumerate(zip(axes, wanted, strict=True)):
        if np.any((coordinate < axis[0]) | (coordinate > axis[-1])):
            raise ValueError(
                f"axis {number} of the table runs from {axis[0]:g} to {axis[-1]:g}; "
                f"found {np.nanmin(coordinate):g} to {np.nanmax(coordinate):g}"
            )
        index = np.clip(np.searchsorted(axis, coordinate, side="right") - 1, 0, len(axis) - 2)
        lower.append(index)
        fraction.append((coordinate - axis[index]) / (axis[index + 1] - axis[index]))
    result = np.zeros(wanted[0].shape)
    for corner in product((0, 1), repeat=len(axes)):
        share = np.ones(wanted[0].shape)
        for upper, part in zip(corner, fraction, strict=True):
            share = share * (part if upper else 1.0 - part)
        result += share * table[tuple(index + upper for index, upper in zip(lower, corner, strict=True))]
    return result
