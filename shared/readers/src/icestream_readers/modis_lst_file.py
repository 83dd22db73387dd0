"""Opens a file of mod11a1, myd11a1 or myd11c1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import Grid, modis_tile
from icestream_readers.modis_hdf import check_corner, hdf4
from icestream_readers.modis_lst_format import (
    CELLS,
    CMG_005,
    COLDEST_COUNT,
    GLOBAL_LAYERS,
    HALVES,
    KELVIN,
    LARGEST_ERROR,
    NO_VIEW,
    NOT_PRODUCED,
    TILE_LAYERS,
    VIEW_HOUR,
    Layers,
    grid_name,
)
from icestream_readers.modis_name import is_tile

_KELVIN = (np.arange(2**16) * KELVIN).astype(np.float32)
_KELVIN[NOT_PRODUCED] = np.nan
_LARGEST_ERROR = np.full(256, np.nan, dtype=np.float32)
for _bits, _kelvin in LARGEST_ERROR.items():
    _LARGEST_ERROR[[code for code in range(256) if code >> 6 == _bits and not code & 0b10]] = _kelvin


def open_tile(path: Path, granule: Granule) -> Opened:
    """Return temperatures of a tile at 1 km: see `layers_of`.

    Raises GranuleError where the file is not HDF4, lacks a layer, is of another tile, or is absurd.
    """
    if not is_tile(granule.tile):
        raise _refused(granule, f"is of the tile {granule.tile!r}; wanted one such as h25v05")
    return layers_of(path, granule, modis_tile(granule.tile, CELLS), TILE_LAYERS)


def open_global(path: Path, granule: Granule) -> Opened:
    """Return temperatures of the globe at 0.05 degree: see `layers_of`. Raises GranuleError as `open_tile` does."""
    return layers_of(path, granule, CMG_005, GLOBAL_LAYERS)


def layers_of(path: Path, granule: Granule, grid: Grid, layers: Layers) -> Opened:
    """Return `lst_day`, `lst_night` and `lst_error_day`, `lst_error_night`, K, NaN where not produced.

    The error is the largest mean error that the quality byte allows; NaN where that states no limit. Where the product
    tells the local solar time of view, `view_time_day` and `view_time_night`, s since local midnight.
    """
    found: dict[str, xr.Variable] = {}
    with hdf4(path, granule) as file:
        check_corner(file, grid, granule)
        for half in HALVES:
            counts = _read(file, grid_name(layers, half), grid, SDC.UINT16, granule)
            quality = _read(file, f"QC_{half}", grid, SDC.UINT8, granule)
            found[f"lst_{half.lower()}"] = _temperature(file, counts, grid_name(layers, half), granule)
            found[f"lst_error_{half.lower()}"] = _error(quality, counts == NOT_PRODUCED, half)
            if layers.view_time:
                found[f"view_time_{half.lower()}"] = _view_time(file, grid, half, granule)
    return Opened(xr.Dataset(found, attrs={"sensor": granule.sensor, "platform": granule.platform}), grid)


def _temperature(file: SD, counts: NDArray[np.uint16], name: str, granule: Granule) -> xr.Variable:
    scale = file.select(name).attributes().get("scale_factor", KELVIN)
    if scale != KELVIN:
        raise _refused(granule, f"has {name} with scale_factor {scale!r}; wanted {KELVIN}")
    absurd = int(np.count_nonzero((counts < COLDEST_COUNT) & (counts != NOT_PRODUCED)))
    if absurd:
        raise _refused(
            granule, f"has {name} below {COLDEST_COUNT * KELVIN:g} K in {absurd} cells; it is damaged: fetch it again"
        )
    half = name.split("_")[1].lower()
    attributes = {
        "units": "K",
        "standard_name": "surface_temperature",
        "long_name": f"land-surface temperature of the {half}",
    }
    return xr.Variable(("y", "x"), np.take(_KELVIN, counts), attributes)


def _error(quality: NDArray[np.uint8], missing: NDArray[np.bool_], half: str) -> xr.Variable:
    error = np.take(_LARGEST_ERROR, quality)
    error[missing] = np.nan
    attributes = {"units": "K", "long_name": f"largest mean error of the temperature of the {half.lower()}"}
    return xr.Variable(("y", "x"), error, attributes)


def _view_time(file: SD, grid: Grid, half: str, granule: Granule) -> xr.Variable:
    tenths = _read(file, f"{half}_view_time", grid, SDC.UINT8, granule)
    seconds = tenths.astype(np.float32) * np.float32(3600 * VIEW_HOUR)
    seconds[tenths == NO_VIEW] = np.nan
    attributes = {"units": "s", "long_name": f"view of the {half.lower()}, since local solar midnight"}
    return xr.Variable(("y", "x"), seconds, attributes)


def _read(file: SD, name: str, grid: Grid, kind: int, granule: Granule) -> NDArray[Any]:
    found = file.datasets()
    if name not in found:
        raise _refused(granule, f"has no dataset {name!r}; it has {', '.join(sorted(found)[:20]) or 'none'}")
    layer = file.select(name)
    _, _, shape, stored, _ = layer.info()
    if shape != list(grid.shape):
        raise _refused(granule, f"has {name} of shape {shape}; wanted {list(grid.shape)}")
    if stored != kind:
        raise _refused(granule, f"has {name} of HDF type {stored}; wanted {kind}")
    return np.asarray(layer.get())


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
