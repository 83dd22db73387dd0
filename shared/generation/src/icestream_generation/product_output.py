"""Opening what icestream itself has made: a product's canonical NetCDF file is another product's granule."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import h5netcdf  # type: ignore[import-untyped]
import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.grid import Grid
from icestream_core.inputs import Resampling
from icestream_generation.align import keeps_classes, part_needed
from icestream_generation.learned import HANDED_ON
from icestream_generation.promises import float_of
from icestream_generation.raster import grid_of
from icestream_generation.tables import rows_of

DAMAGED: Final = (OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError)
"""What reading a damaged file comes to, by where the damage lies: the libraries' own, or what they leave undefined."""

MOST_CELLS: Final = 2**30
"""Of one variable: a damaged file may state any size, and to ask for the memory would end the process."""

KEPT = ("units", "standard_name", "long_name", "flag_values", "flag_meanings")


def open_output(
    path: Path, target: Grid | None = None, resampling: Resampling = "nearest", variables: tuple[str, ...] = ()
) -> Opened:
    """Return a raster on its grid, or the rows of a table.

    target : the grid it will be put on, and how: it is read no farther than that needs. Variables that hold classes are
        left out where values are averaged or interpolated.
    variables : of a raster, only these; all, where empty
    Raises GranuleError for what is not a whole file of ours.
    """
    try:
        with h5netcdf.File(path, "r") as file:
            _check_sizes(file)
            if "featureType" in file.attrs:
                return Opened(rows_of(file).assign_attrs(_handed_on(file)), None)
            if "icestream_grid" not in file.attrs:
                raise GranuleError(f"{path.name} has no attribute icestream_grid: it is not the output of a product")
            return _raster(file, target, resampling, variables)
    except DAMAGED as error:
        raise GranuleError(
            f"{path.name} cannot be read as NetCDF of ours ({type(error).__name__}: {error}): it is damaged"
        ) from error


def _check_sizes(file: h5netcdf.File) -> None:
    for name, variable in file.variables.items():
        if math.prod(variable.shape) > MOST_CELLS:
            raise ValueError(f"{name} states the shape {variable.shape}; wanted at most {MOST_CELLS} values")


def _raster(file: h5netcdf.File, target: Grid | None, resampling: Resampling, variables: tuple[str, ...]) -> Opened:
    grid = grid_of(_text(file.attrs["icestream_grid"]))
    part = part_needed(grid, target, resampling) if target is not None else None
    fields: dict[str, Any] = {}
    for name, variable in file.variables.items():
        if variables and name not in variables:
            continue
        attrs = variable.attrs  # looked up in the file each time it is asked for
        if "grid_mapping" not in attrs or ("flag_values" in attrs and not keeps_classes(resampling)):
            continue
        attributes = {key: _plain(attrs[key]) for key in KEPT if key in attrs}
        # What has layers has a dimension before rows and columns.
        along = variable.dimensions[:-2]
        cut = ... if part is None else (*(slice(None) for _ in along), part.rows, part.cols)
        fields[name] = ((*along, "y", "x"), _floats(variable, cut), attributes)
    return Opened(xr.Dataset(fields, attrs=_handed_on(file)), grid if part is None else part.grid)


def _handed_on(file: h5netcdf.File) -> dict[str, str]:
    return {HANDED_ON: _text(file.attrs[HANDED_ON])} if HANDED_ON in file.attrs else {}


def _floats(variable: h5netcdf.Variable, window: Any) -> np.ndarray:
    values: np.ndarray = variable[window]
    if values.dtype.kind == "f":
        return values
    attrs = variable.attrs
    result = values.astype(float_of(values.dtype))
    if (step := attrs.get("scale_factor")) is not None:
        result *= result.dtype.type(step)
    fill = attrs.get("_FillValue")
    if fill is not None:
        result[values == fill] = np.nan
    return result


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
