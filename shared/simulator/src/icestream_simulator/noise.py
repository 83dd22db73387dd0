"""Smooth randomness that depends on a seed and a place alone, so that any grid sees the same world."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, zoom

FloatArray = NDArray[np.float32]

STEP = 2.5
"""Degrees between the nodes of a global lattice."""
LATTICE_SHAPE = (73, 144)
"""From 90 N to 90 S and from 180 W eastward, round the Earth."""


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a random generator that belongs to these names."""
    words = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def lattice(seed: int, *names: str | int, scale: float) -> FloatArray:
    """Return a smooth field of about unit variance on the global lattice.

    scale : degrees over which it changes; 2.5 times a whole number that divides 180
    """
    factor = round(scale / STEP)
    coarse = generator(seed, *names).standard_normal((72 // factor + 3, 144 // factor))
    if factor == 1:
        return np.asarray(coarse[1:74], dtype=np.float32)
    rows = (np.arange(LATTICE_SHAPE[0]) / factor + 1)[:, None]
    columns = (np.arange(LATTICE_SHAPE[1]) / factor)[None, :]
    smooth = map_coordinates(coarse, np.broadcast_arrays(rows, columns), order=2, mode="grid-wrap")
    return np.asarray(1.16 * smooth, dtype=np.float32)  # smoothing takes a seventh off the spread


class LatticePoints:
    """Places on the globe, ready to be looked up in lattices again and again.

    longitude, latitude : degrees, of one shape
    """

    def __init__(self, longitude: NDArray[np.floating], latitude: NDArray[np.floating]) -> None:
        rows, columns = LATTICE_SHAPE
        self._row = ((90.0 - np.asarray(latitude, dtype=np.float32)) / STEP).ravel()
        self._column = ((np.asarray(longitude, dtype=np.float32) + 180.0) / STEP).ravel() % columns
        self._shape = np.shape(longitude)
        top = np.clip(self._row.astype(np.int32), 0, rows - 2)
        left = self._column.astype(np.int32) % columns
        self._upper_left = top * columns + left
        self._upper_right = top * columns + (left + 1) % columns
        self._down, self._across = self._row - top, self._column - np.floor(self._column)

    def sample(self, field: FloatArray, east: float = 0.0) -> FloatArray:
        """Return the field at the places; `east` moves it eastward by so many degrees."""
        moved = np.ascontiguousarray(_moved(field, east / STEP) if east else field, dtype=np.float32)
        upper, lower = moved[:-1].ravel(), moved[1:].ravel()
        left = upper[self._upper_left]
        left += self._down * (lower[self._upper_left] - left)
        right = upper[self._upper_right]
        right += self._down * (lower[self._upper_right] - right)
        left += self._across * (right - left)
        return np.asarray(left.reshape(self._shape), dtype=np.float32)

    def sample_in_time(self, series: FloatArray, moment: FloatArray) -> FloatArray:
        """Return a series of fields (time, row, column) at the places, each at its own moment, in steps."""
        step = np.clip(moment.ravel(), 0, series.shape[0] - 1.001)
        coordinates = np.stack([step, np.clip(self._row, 0, series.shape[1] - 1), self._column])
        found = map_coordinates(series, coordinates, order=1, mode="grid-wrap")
        return np.asarray(found, dtype=np.float32).reshape(self._shape)


def _moved(field: FloatArray, columns: float) -> FloatArray:
    """Return a lattice moved eastward; between whole columns it is interpolated."""
    whole = int(np.floor(columns))
    share = columns - whole
    return np.asarray((1.0 - share) * np.roll(field, whole, 1) + share * np.roll(field, whole + 1, 1), dtype=np.float32)


def value_noise(seed: int, name: str, x: NDArray[np.floating], y: NDArray[np.floating]) -> FloatArray:
    """Return noise of about unit variance at all (y, x) of a regular grid, shape (len(y), len(x)).

    x, y : coordinates, in wavelengths; nodes are whole numbers, the same for every caller
    """
    columns, x_weights = _weights(x)
    rows, y_weights = _weights(y)
    nodes = _node_noise(seed, name, rows[:, None], columns[None, :])
    return y_weights @ (nodes @ x_weights.T)


def point_noise(seed: int, name: str, x: NDArray[np.floating], y: NDArray[np.floating]) -> FloatArray:
    """Return the noise of `value_noise` at scattered points; x and y of one shape, in wavelengths."""
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    corner = [[_node_noise(seed, name, top + j, left + i) for i in (0, 1)] for j in (0, 1)]
    upper = corner[0][0] * (1 - across) + corner[0][1] * across
    lower = corner[1][0] * (1 - across) + corner[1][1] * across
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float32)


def enlarge(coarse: FloatArray, factor: int) -> FloatArray:
    """Return cell values between the nodes of a lattice: (n + 1, m + 1) nodes give (n factor, m factor) cells."""
    rows = _cell_weights(coarse.shape[0], factor)
    columns = rows if coarse.shape[0] == coarse.shape[1] else _cell_weights(coarse.shape[1], factor)
    return np.asarray(rows @ (coarse.astype(np.float32) @ columns.T), dtype=np.float32)


def soften(field: NDArray[np.floating], cells: int) -> FloatArray:
    """Return a field averaged over blocks of cells and brought back to its size: its coarse part."""
    rows, columns = field.shape
    blocks = field.reshape(rows // cells, cells, columns // cells, cells).mean(axis=(1, 3))
    return np.asarray(zoom(blocks, cells, order=1, mode="grid-wrap", grid_mode=True), dtype=np.float32)


def _cell_weights(nodes: int, factor: int) -> FloatArray:
    centres = (np.arange((nodes - 1) * factor) + 0.5) / factor
    return _weights(centres)[1]


def _weights(coordinate: NDArray[np.floating]) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the nodes that a row of coordinates touches, and the linear weight of each node for each coordinate."""
    values = np.asarray(coordinate, dtype=np.float64)
    lower = np.floor(values).astype(np.int64)
    first, last = int(lower.min()), int(lower.max()) + 1
    weights = np.zeros((values.size, last - first + 1), dtype=np.float32)
    index = np.arange(values.size)
    weights[index, lower - first] = 1.0 - (values - lower)
    weights[index, lower - first + 1] = values - lower
    return np.arange(first, last + 1), weights


def _node_noise(seed: int, name: str, row: NDArray[np.int64], column: NDArray[np.int64]) -> FloatArray:
    """Return noise of the nodes, from a hash of (seed, name, row, column); evenly spread, variance 2.25.

    Between the nodes linear interpolation takes 5/9 of the variance off on average.
    """
    salt = np.uint64(zlib.crc32(f"{seed}/{name}".encode()))
    # splitmix64: each round is a bijection that mixes all bits.
    mixed = _mix(row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt)
    mixed = _mix(mixed ^ (column.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)))
    uniform = (mixed >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return np.asarray((uniform - np.float32(0.5)) * np.float32(5.196), dtype=np.float32)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def mean(fields: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """Return a weighted sum of independent noises, scaled back to unit variance."""
    total = np.zeros_like(fields[0])
    for field, weight in zip(fields, weights, strict=True):
        total += np.float32(weight) * field
    return total / np.float32(np.sqrt(np.sum(np.square(weights))))
