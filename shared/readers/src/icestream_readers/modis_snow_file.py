"""Opens a file of mod10a2 or myd10a2."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyhdf.error import HDF4Error
from pyhdf.SD import SD, SDC

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import Grid, modis_tile
from icestream_readers.granule_file import beginning
from icestream_readers.modis_snow_format import CELLS, CODES, DATASET, VARIABLE, is_tile

_HDF4 = b"\x0e\x03\x13\x01"
_UPPER_LEFT = re.compile(r"UpperLeftPointMtrs=\(([-+0-9.eE]+),([-+0-9.eE]+)\)")


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `snow_extent`, the codes of the file as they are, with their meanings, on the grid of the tile.

    Raises GranuleError where the file is not HDF4, lacks the layer, is of another tile, or holds unknown codes.
    """
    if not is_tile(granule.tile):
        raise _refused(granule, f"is of the tile {granule.tile!r}; wanted one such as h25v05")
    grid = modis_tile(granule.tile, CELLS)
    if beginning(path, granule, len(_HDF4)) != _HDF4:
        raise _refused(granule, "is no HDF4 file; fetch it again")
    try:
        file = SD(str(path), SDC.READ)
        try:
            _check_place(file, grid, granule)
            codes = _read(file, granule)
        finally:
            file.end()
    except (HDF4Error, ValueError, TypeError, UnicodeDecodeError) as error:
        raise _refused(
            granule, f"cannot be read as HDF4 ({error}); it is truncated or damaged: fetch it again"
        ) from error
    unknown = sorted(set(np.unique(codes).tolist()) - CODES.keys())
    if unknown:
        raise _refused(
            granule, f"holds codes that {DATASET} does not have: {', '.join(map(str, unknown))}; fetch it again"
        )
    attributes = {
        "units": "1",
        "long_name": "maximum snow extent of eight days",
        "flag_values": np.array(list(CODES), dtype=np.uint8),
        "flag_meanings": " ".join(CODES.values()),
    }
    variables = {VARIABLE: xr.Variable(("y", "x"), codes, attributes)}
    return Opened(xr.Dataset(variables, attrs={"sensor": granule.sensor, "platform": granule.platform}), grid)


def _read(file: SD, granule: Granule) -> NDArray[np.uint8]:
    found = file.datasets()
    if DATASET not in found:
        raise _refused(granule, f"has no dataset {DATASET!r}; it has {', '.join(sorted(found)[:20]) or 'none'}")
    layer = file.select(DATASET)
    _, _, shape, kind, _ = layer.info()
    if shape != [CELLS, CELLS]:
        raise _refused(granule, f"has {DATASET} of shape {shape}; wanted [{CELLS}, {CELLS}]")
    if kind != SDC.UINT8:
        raise _refused(granule, f"has {DATASET} of HDF type {kind}; wanted {SDC.UINT8}, uint8")
    codes: NDArray[np.uint8] = np.asarray(layer.get(), dtype=np.uint8)
    return codes


def _check_place(file: SD, grid: Grid, granule: Granule) -> None:
    """Compare the corner that the file states, where it states one, with the corner of the tile in its name."""
    stated = _UPPER_LEFT.search(str(file.attributes().get("StructMetadata.0", "")))
    if stated is None:
        return
    x, y = float(stated[1]), float(stated[2])
    west, _, _, north = grid.bounds
    if max(abs(x - west), abs(y - north)) > grid.cell[0]:
        raise _refused(
            granule,
            f"says that it begins at x = {x:.0f}, y = {y:.0f} m; wanted {west:.0f}, {north:.0f} m for the tile "
            f"{granule.tile}: name and file do not belong together",
        )


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
