"""Opens a file of mod10a2 or myd10a2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import modis_tile
from icestream_readers.modis_hdf import check_corner, hdf4
from icestream_readers.modis_name import is_tile
from icestream_readers.modis_snow_format import CELLS, CODES, DATASET, VARIABLE


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `snow_extent`, the codes of the file as they are, with their meanings, on the grid of the tile.

    Raises GranuleError where the file is not HDF4, lacks the layer, is of another tile, or holds unknown codes.
    """
    if not is_tile(granule.tile):
        raise _refused(granule, f"is of the tile {granule.tile!r}; wanted one such as h25v05")
    grid = modis_tile(granule.tile, CELLS)
    with hdf4(path, granule) as file:
        check_corner(file, grid, granule)
        codes = _read(file, granule)
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


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
