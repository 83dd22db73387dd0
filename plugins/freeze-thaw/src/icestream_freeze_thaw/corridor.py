"""The Qinghai-Tibet Engineering Corridor: its grids, its road, and the tracks of Sentinel-1 that see it.

All of it is designed: the source dataset states a resolution of 100 m and no extent. It was held against stations as
far south as Nagqu; the last third of the road, to Lhasa, is left out.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid, lonlat
from icestream_physics.constant import constant

Index = NDArray[np.intp]

HALF_WIDTH = constant(20_000.0, "m", source="of the corridor, on either side of the road", certainty="design")

CORRIDOR_100M = Grid(
    name="qtec-100m",
    crs="EPSG:32646",
    width=3360,
    height=5880,
    transform=(100.0, 0.0, 355_000.0, 0.0, -100.0, 4_051_000.0),
)
"""UTM zone 46 north, Golmud to Nagqu."""
CORRIDOR_001 = lonlat("qtec-001", 91.0, 36.75, 0.01, 450, 560)
"""The same at 0.01 degree, for what radiometers see."""

ROAD = (
    (670_400.0, 4_030_000.0),  # Golmud
    (641_700.0, 3_974_000.0),  # Nachitai
    (595_900.0, 3_946_800.0),  # Kunlun Pass
    (507_300.0, 3_896_300.0),  # Wudaoliang
    (489_900.0, 3_836_500.0),  # Fenghuoshan
    (448_400.0, 3_786_700.0),  # Tuotuohe
    (413_700.0, 3_716_000.0),  # Yanshiping
    (399_000.0, 3_641_800.0),  # Tanggula Pass
    (375_700.0, 3_570_000.0),  # Amdo
    (409_800.0, 3_483_200.0),  # Nagqu
)
"""Places along highway 109, easting and northing, m; straight between them."""

ASCENDING = "12 41 70 114 143 172"
DESCENDING = "4 48 77 121 150"
TRACKS = " ".join(f"{int(track):03d}" for track in f"{ASCENDING} {DESCENDING}".split())
"""Relative orbits whose interferometric-wide swath may reach the corridor: those of Beiluhe, 41 and 150, and their
neighbours on either side."""


def within(grid: Grid) -> NDArray[np.bool_]:
    """Return which cells of a grid of the corridor's projection lie no farther from the road than its half width."""
    a, _, west, _, e, north = grid.transform
    x = west + a * (np.arange(grid.width, dtype=np.float32) + 0.5)
    y = north + e * (np.arange(grid.height, dtype=np.float32) + 0.5)
    inside = np.zeros(grid.shape, np.bool_)
    for (x0, y0), (x1, y1) in pairwise(ROAD):
        columns = (x >= min(x0, x1) - HALF_WIDTH) & (x <= max(x0, x1) + HALF_WIDTH)
        rows = (y >= min(y0, y1) - HALF_WIDTH) & (y <= max(y0, y1) + HALF_WIDTH)
        if not (columns.any() and rows.any()):
            continue
        east, south = x[columns][np.newaxis, :] - x0, y[rows][:, np.newaxis] - y0
        along = ((x1 - x0) * east + (y1 - y0) * south) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
        along = np.clip(along, 0.0, 1.0)
        away = (east - along * (x1 - x0)) ** 2 + (south - along * (y1 - y0)) ** 2
        inside[np.ix_(rows, columns)] |= away <= HALF_WIDTH**2
    return inside


def cells_of(latitude: NDArray[np.floating], longitude: NDArray[np.floating]) -> tuple[Index, Index]:
    """Return row and column of the cell of CORRIDOR_001 that holds each place, degrees."""
    west, _, _, north = CORRIDOR_001.bounds
    width, height = CORRIDOR_001.cell
    row, column = ((north - latitude) / height).astype(np.intp), ((longitude - west) / width).astype(np.intp)
    return np.clip(row, 0, CORRIDOR_001.height - 1), np.clip(column, 0, CORRIDOR_001.width - 1)
