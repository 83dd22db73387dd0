"""Writing NetCDF-4: compressed, checksummed, and the same bytes for the same contents."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5netcdf  # type: ignore[import-untyped]
import h5py
import numpy as np

from icestream_generation.contents import Contents, Field

CHUNK = 256
"""Longest side of a chunk: a window of a grid is read without the grid. A quarter of a megabyte of float32."""


def write_netcdf(path: Path, contents: Contents) -> None:
    """Write the contents to a file that does not exist yet."""
    with h5netcdf.File(path, "x") as file:
        file.dimensions = dict(contents.dims)
        for field in contents.fields:
            _write(file, field)
        _describe(file, contents.attributes)


def _write(file: h5netcdf.File, field: Field) -> None:
    if isinstance(field.values, list):
        variable = file.create_variable(field.name, field.dims, dtype=h5py.string_dtype())
        variable[...] = np.array(field.values, dtype=object) if field.dims else field.values[0]
    else:
        values = field.values
        packing = _packing(values) if values.ndim else {}
        variable = file.create_variable(field.name, field.dims, values.dtype, fillvalue=field.fill, **packing)
        variable[...] = values
    _describe(variable, field.attributes)


def _describe(target: Any, attributes: dict[str, Any]) -> None:
    attrs = target.attrs  # looked up in the file each time it is asked for
    for name, value in attributes.items():
        if value is not None and not (isinstance(value, str) and not value):
            attrs[name] = value


def _packing(values: np.ndarray) -> dict[str, Any]:
    return {
        "chunks": tuple(math.ceil(size / math.ceil(size / CHUNK)) for size in values.shape),
        "compression": "gzip",
        "compression_opts": 4,
        "shuffle": True,
        "fletcher32": True,
    }
