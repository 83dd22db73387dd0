"""Coarse defaults: terrain height, read from the file that pvlib ships, and land, from the table beside this file.

Importing pvlib takes a second, and so does any part of global-land-mask, which is packed in one piece: its table was
made from it by `land_table.py`. A window of either file takes a moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.metadata import files
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import PluginError
from icestream_core.grid import Grid, lonlat
from icestream_core.inputs import Resampling
from icestream_generation.align import onto
from icestream_generation.footprint import footprint

MOST_KEPT_CELLS = 5_000_000
"""A map on a larger grid is put there anew each time: it would take too much of a worker's memory."""
LAND = "land.h5"
LAND_CELLS_PER_DEGREE = 120
LAND_THINNINGS = (1, 2, 4, 6, 8, 10, 12)
"""How many cells of the mask, each way, make a cell of each map in the table."""
ALTITUDE_CELLS_PER_DEGREE = 12
ALTITUDE_STEP_M, ALTITUDE_LOWEST_M, ALTITUDE_NONE = 28.0, -450.0, 255
"""How pvlib packs height into a byte (pvlib.location.lookup_altitude)."""


@lru_cache(maxsize=4)
def open_library(collection: str, target: Grid | None) -> Opened:
    """Return a library's map, cut to the target and no finer than it needs; PluginError for an unknown one.

    The last few are kept, read-only: a product asks for the same one again and again.

    library-altitude : `elevation`, m, on 1/12 degree (pvlib)
    library-land : `land_fraction`, 0 to 1, and `land`, 1 where at least half is land (global-land-mask, 30 arc seconds)
    """
    box = footprint(target).bbox if target is not None else (-180.0, -90.0, 180.0, 90.0)
    if box[0] > box[2]:
        box = (-180.0, box[1], 180.0, box[3])
    match collection:
        case "library-altitude":
            return _altitude(_parts(ALTITUDE_CELLS_PER_DEGREE, box))
        case "library-land":
            return _land(_parts(LAND_CELLS_PER_DEGREE // _thinning(target), box))
    raise PluginError(f"no library ships {collection!r}; there are library-altitude and library-land")


def library_onto(collection: str, target: Grid, resampling: Resampling) -> Mapping[str, np.ndarray]:
    """Return a library's variables on a target grid, by name; of small grids the last few are kept, read-only."""
    on_target = _kept_onto if target.width * target.height <= MOST_KEPT_CELLS else _kept_onto.__wrapped__
    return on_target(collection, target, resampling)


@lru_cache(maxsize=4)
def _kept_onto(collection: str, target: Grid, resampling: Resampling) -> Mapping[str, np.ndarray]:
    opened = open_library(collection, target)
    found = {
        str(name): onto(variable.values, opened.grid or target, target, resampling)
        for name, variable in opened.data.data_vars.items()
    }
    for values in found.values():
        values.flags.writeable = False
    return found


def _altitude(grid: Grid) -> Opened:
    row, col = _corner(grid, ALTITUDE_CELLS_PER_DEGREE)
    with h5py.File(_file_of("pvlib", "Altitude.h5"), "r") as file:
        found = file["Altitude"][row : row + grid.height, col : col + grid.width]
    height = found.astype(np.float32) * ALTITUDE_STEP_M + ALTITUDE_LOWEST_M
    # It holds no height over the sea.
    height[found == ALTITUDE_NONE] = 0.0
    height.flags.writeable = False
    attributes = {"units": "m", "long_name": "height above mean sea level", "standard_name": "surface_altitude"}
    return Opened(xr.Dataset({"elevation": (("y", "x"), height, attributes)}), grid)


def _land(grid: Grid) -> Opened:
    cells = round(1 / grid.cell[0])
    thin = LAND_CELLS_PER_DEGREE // cells
    row, col = _corner(grid, cells)
    with h5py.File(str(resources.files("icestream_generation") / LAND), "r") as file:
        counts = _cut(file[str(thin)], slice(row, row + grid.height), slice(col, col + grid.width), packed=thin == 1)
    fraction = counts.astype(np.float32) / np.float32(thin * thin)
    land = (fraction >= 0.5).astype(np.float32)
    fraction.flags.writeable = land.flags.writeable = False
    return Opened(
        xr.Dataset(
            {
                "land_fraction": (("y", "x"), fraction, {"units": "1", "standard_name": "land_area_fraction"}),
                "land": (("y", "x"), land, {"units": "1", "standard_name": "land_binary_mask"}),
            }
        ),
        grid,
    )


def _cut(counts: h5py.Dataset, rows: slice, cols: slice, packed: bool) -> np.ndarray:
    """Return how many cells of the mask are land in each cell of a window; `packed` are eight cells in a byte."""
    if not packed:
        return np.asarray(counts[rows, cols])
    first, last = cols.start // 8, -(-cols.stop // 8)
    bits = np.unpackbits(counts[rows, first:last], axis=1)
    return bits[:, cols.start - 8 * first : cols.stop - 8 * first]


def _thinning(target: Grid | None) -> int:
    """Return how many cells of the land mask, a divisor of a degree, make one that is still finer than the target's."""
    if target is None:
        return 12
    degrees = min(target.cell) * (1.0 if target.is_geographic else 1 / 111_195.0)
    finest = max(1.0, degrees * LAND_CELLS_PER_DEGREE / 3)
    return max(count for count in LAND_THINNINGS if count <= finest)


def _parts(cells: int, box: tuple[float, float, float, float]) -> Grid:
    """Return the part of a global grid, `cells` a degree, that holds a box and two cells around it."""
    west, south, east, north = box
    whole = lonlat("library", -180.0, 90.0, 1 / cells, 360 * cells, 180 * cells)
    col, row = max(math.floor((west + 180) * cells) - 2, 0), max(math.floor((90 - north) * cells) - 2, 0)
    right = min(math.ceil((east + 180) * cells) + 2, whole.width)
    bottom = min(math.ceil((90 - south) * cells) + 2, whole.height)
    return whole.window(f"library-{cells}", col, row, right - col, bottom - row)


def _corner(grid: Grid, cells: int) -> tuple[int, int]:
    _, _, west, _, _, north = grid.transform
    return round((90 - north) * cells), round((west + 180) * cells)


def _file_of(distribution: str, name: str) -> Path:
    for file in files(distribution) or []:
        if file.name == name:
            return Path(str(file.locate()))
    raise PluginError(f"the installed {distribution} ships no {name}: install the version that icestream asks for")
