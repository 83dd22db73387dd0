"""Opens a file of glass-albedo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyhdf.error import HDF4Error
from pyhdf.SD import SD, SDC

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.glass_albedo import GRID, LARGEST, LAYERS, SCALE
from icestream_readers.granule_file import beginning

_HDF4 = b"\x0e\x03\x13\x01"


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `black_sky_albedo` at local noon and `white_sky_albedo`, shortwave, 0 to 1, NaN where missing.

    The scale is the product's own, 0.0001; a file that states another one is refused rather than guessed at.
    Raises GranuleError where the file is not HDF4, lacks a layer, or is of another size.
    """
    if beginning(path, granule, len(_HDF4)) != _HDF4:
        raise _refused(granule, "is no HDF4 file; fetch it again")
    try:
        file = SD(str(path), SDC.READ)
        try:
            fields = {ours: _read(file, theirs, granule) for ours, theirs in LAYERS.items()}
        finally:
            file.end()
    except (HDF4Error, ValueError, TypeError, UnicodeDecodeError) as error:
        raise _refused(
            granule, f"cannot be read as HDF4 ({error}); it is truncated or damaged: fetch it again"
        ) from error
    variables = {
        name: xr.Variable(("y", "x"), values, {"units": "1", "long_name": f"shortwave {name.replace('_', ' ')}"})
        for name, values in fields.items()
    }
    return Opened(xr.Dataset(variables, attrs={"sensor": granule.sensor, "platform": granule.platform}), GRID)


def _read(file: SD, name: str, granule: Granule) -> NDArray[np.float32]:
    found = file.datasets()
    if name not in found:
        raise _refused(granule, f"has no dataset {name!r}; it has {', '.join(sorted(found)[:20]) or 'none'}")
    layer = file.select(name)
    _, _, shape, kind, _ = layer.info()
    if shape != list(GRID.shape):
        raise _refused(granule, f"has {name} of shape {shape}; wanted {list(GRID.shape)}")
    if kind != SDC.INT16:
        raise _refused(granule, f"has {name} of HDF type {kind}; wanted {SDC.INT16}, int16")
    stated = float(layer.attributes().get("scale_factor", SCALE))
    if not np.isclose(stated, SCALE, rtol=1e-6) and not np.isclose(stated, 1 / SCALE, rtol=1e-6):
        raise _refused(granule, f"has {name} with the scale factor {stated:g}; wanted {SCALE:g}")
    counts = np.asarray(layer.get())
    albedo = counts * np.float32(SCALE)
    albedo[(counts < 0) | (counts > LARGEST)] = np.nan
    return albedo


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
