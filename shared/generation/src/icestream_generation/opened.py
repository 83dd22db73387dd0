"""Opening one granule: by its collection, as a product's own output, or from what a Python library ships."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError, PluginError, ProductError
from icestream_core.grid import Grid
from icestream_core.inputs import LIBRARY, Resampling
from icestream_generation.align import keeps_classes
from icestream_generation.features import is_geopackage, read_features
from icestream_generation.fetched import Fetched
from icestream_generation.library import open_library
from icestream_generation.product_output import open_output
from icestream_generation.promises import float_of
from icestream_generation.units import to_si

PLACES = ("latitude", "longitude")
"""Of the cells of a swath."""


def open_fetched(
    fetched: Fetched,
    collections: Mapping[str, Collection],
    target: Grid | None,
    resampling: Resampling = "nearest",
    variables: tuple[str, ...] = (),
) -> Opened:
    """Return what a granule holds, in our names and SI units.

    target, resampling : the grid it will be put on, and how: what is ours and a library's is read no farther than that
        needs. Variables that hold classes (attribute `flag_values`) are left out where values are averaged.
    variables : only these of what it holds; all, where empty
    Raises GranuleError, with the granule's id, where the file is not what its collection promises; PluginError where
    nobody can open it.
    """
    granule = fetched.granule
    origin = f"granule {granule.granule_id}"
    try:
        opened = _open(fetched, collections, target, resampling, variables)
        if not isinstance(opened.data, xr.Dataset):
            return opened
        asked = _asked(opened.data, variables, origin)
        kept = asked if keeps_classes(resampling) else _without_classes(asked, origin)
        data = to_si(kept, origin)
        if opened.grid is not None:
            _check_shape(data, opened.grid, origin)
    except GranuleError as error:
        raise GranuleError(str(error), error.granule_id or granule.granule_id) from error
    return Opened(data, opened.grid)


def _open(
    fetched: Fetched,
    collections: Mapping[str, Collection],
    target: Grid | None,
    resampling: Resampling,
    variables: tuple[str, ...],
) -> Opened:
    granule = fetched.granule
    if granule.collection.startswith(LIBRARY):
        return open_library(granule.collection, target)
    if fetched.path is None:
        raise GranuleError(f"granule {granule.granule_id} has no local file; the worker must fetch it first")
    if granule.collection in collections:
        return collections[granule.collection].open(fetched.path, granule)
    if granule.source_format != "icestream":
        known = ", ".join(sorted(collections)) or "none"
        raise PluginError(f"no installed plugin opens collection {granule.collection!r}; there are {known}")
    if is_geopackage(fetched.path):
        return Opened(read_features(fetched.path), None)
    return open_output(fetched.path, target, resampling, variables)


def _asked(data: xr.Dataset, variables: tuple[str, ...], origin: str) -> xr.Dataset:
    """Return what the record asks for; a part of a granule set need not hold all of it."""
    if not variables:
        return data
    there = [name for name in variables if name in data.data_vars]
    if not there:
        raise GranuleError(f"{origin} holds {', '.join(map(str, data.data_vars))}; wanted {', '.join(variables)}")
    return data[[*there, *(name for name in PLACES if name in data.data_vars)]]


def _without_classes(data: xr.Dataset, origin: str) -> xr.Dataset:
    quantities = [name for name, variable in data.data_vars.items() if "flag_values" not in variable.attrs]
    if not quantities:
        raise ProductError(
            f"{origin} holds classes alone ({', '.join(map(str, data.data_vars))}): they cannot be averaged or "
            f"interpolated; the record must align them by nearest or mode"
        )
    return data[quantities]


def _check_shape(data: xr.Dataset, grid: Grid, origin: str) -> None:
    for name, variable in data.data_vars.items():
        if variable.dims != ("y", "x") or variable.shape != grid.shape:
            raise GranuleError(
                f"{origin}: variable {name!r} has dimensions {variable.dims} of {variable.shape}; "
                f"grid {grid.name} wants ('y', 'x') of {grid.shape}"
            )


def floats(variable: xr.DataArray) -> np.ndarray:
    """Return values as a computation sees them: float32 (float64 where the file holds more), NaN where missing."""
    values = np.asarray(variable.values)
    if values.dtype.kind == "f":
        return values
    result = values.astype(float_of(values.dtype))
    fill = variable.attrs.get("_FillValue", variable.encoding.get("_FillValue"))
    if fill is not None:
        result[values == fill] = np.nan
    return result
