"""A table product as a CF file: rows of points, of time series at stations, or of trajectories.

A computation returns columns of equal length, by name: those that its record writes, `latitude` and `longitude`
(degrees), the instance's name (`station` or what the record calls it; not for points) and, where the rows have times of
their own, `time` (datetime64, UTC). Rows of one instance lie together in the file (a contiguous ragged array).
"""

from __future__ import annotations

from typing import Any

import h5netcdf  # type: ignore[import-untyped]
import numpy as np
import xarray as xr

from icestream_core.errors import ProductError
from icestream_core.product import Table
from icestream_generation.contents import Contents, Field
from icestream_generation.described import (
    LEAP_SECONDS,
    TIME_UNITS,
    cdm_data_type,
    global_attributes,
    moment_fields,
    provenance_field,
    variable_attributes,
)
from icestream_generation.footprint import of_points
from icestream_generation.promises import check, fill_of, float_of
from icestream_generation.provenance import Provenance

ROLES = {"timeSeries": "timeseries_id", "trajectory": "trajectory_id"}
Columns = dict[str, np.ndarray]


def columns_of(provenance: Provenance, kind: Table, returned: Any) -> Columns:
    """Return the columns, checked and sorted by instance and time.

    Raises ProductError where one is lacking, of another length or breaks a promise, or where there are no rows.
    """
    product = provenance.product
    if not hasattr(returned, "keys"):
        raise ProductError(f"{product.name} returned {type(returned).__name__}; wanted columns by name")
    given = {str(name): np.asarray(returned[name]) for name in returned.keys()}  # noqa: SIM118
    places = ("latitude", "longitude") if kind.feature == "point" else (kind.instance, "latitude", "longitude")
    lacking = [name for name in places if name not in given]
    if lacking:
        raise ProductError(f"{product.name}: its table lacks {', '.join(lacking)}; it has {', '.join(given)}")
    count = len(given["latitude"])
    if count == 0:
        raise ProductError(f"{product.name} returned a table without rows; raise Void with the reason instead")
    start = np.datetime64(provenance.task.slot.start.replace(tzinfo=None), "ns")
    times = np.asarray(given.pop("time", np.full(count, start)), "datetime64[ns]")
    columns: Columns = {name: given.pop(name) for name in places} | {"time": times}
    uneven = [name for name, column in columns.items() if column.shape != (count,)]
    if uneven:
        raise ProductError(f"{product.name}: columns {', '.join(uneven)} are not of the length of `latitude`, {count}")
    columns |= check(product, given, (count,))
    order = np.argsort(times, kind="stable")
    if kind.feature != "point":
        order = order[np.argsort(columns[kind.instance].astype(str)[order], kind="stable")]
    return {name: column[order] for name, column in columns.items()}


def table_contents(provenance: Provenance, kind: Table, columns: Columns) -> Contents:
    """Return the file of a table: columns as `columns_of` gives them."""
    writes = provenance.product.writes
    count = len(columns["time"])
    lat, lon = (columns[name].astype(np.float64) for name in ("latitude", "longitude"))
    names = columns[kind.instance].astype(str) if kind.feature != "point" else np.array([], str)
    instances, first, sizes = np.unique(names, return_index=True, return_counts=True)
    fixed = kind.feature == "timeSeries"
    where = (kind.instance,) if fixed else ("obs",)
    places = (lat[first], lon[first]) if fixed else (lat, lon)
    seconds = (columns["time"] - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    latitude = {"standard_name": "latitude", "long_name": "latitude", "units": "degrees_north"}
    longitude = {"standard_name": "longitude", "long_name": "longitude", "units": "degrees_east"}
    moments = {
        "standard_name": "time",
        "long_name": "time",
        "units": TIME_UNITS,
        "calendar": "standard",
        "units_metadata": LEAP_SECONDS,
    }
    period, _, height = moment_fields(provenance)
    fields = [
        period,
        height,
        Field("time", ("obs",), seconds, moments),
        Field("lat", where, places[0], latitude | {"axis": "Y"}),
        Field("lon", where, places[1], longitude | {"axis": "X"}),
    ]
    dims = {"obs": count, "period": 2}
    if kind.feature != "point":
        letters = _letters(instances)
        dims |= {kind.instance: len(instances), "name_length": letters.shape[1]}
        role = {"cf_role": ROLES[kind.feature], "long_name": f"name of the {kind.instance}", "_Encoding": "utf-8"}
        rows = {"sample_dimension": "obs", "long_name": f"rows of each {kind.instance}"}
        fields += [
            Field(f"{kind.instance}_name", (kind.instance, "name_length"), letters, role),
            Field("row_size", (kind.instance,), sizes.astype(np.int32), rows),
        ]
    for name, written in writes.items():
        attributes = variable_attributes(written, writes) | {"coordinates": "time height lat lon"}
        fields.append(Field(name, ("obs",), columns[name], attributes, fill_of(written)))
    return Contents(dims, (*fields, provenance_field(provenance)), _attributes(provenance, kind, lon, lat))


def rows_of(file: h5netcdf.File) -> xr.Dataset:
    """Return the rows of a table of ours, one dimension `row`, with all columns that its computation returned."""
    rows: dict[str, Any] = {}
    sizes = file.variables["row_size"][...] if "row_size" in file.variables else np.array([], int)
    for name, variable in file.variables.items():
        if name in ("period", "height", "row_size", "provenance"):
            continue
        values = variable[...]
        called = {"lat": "latitude", "lon": "longitude"}.get(name, name)
        if "cf_role" in variable.attrs:
            called = variable.dimensions[0]
            values = np.array([b"".join(letters).rstrip(b"\0").decode() for letters in values])
        if variable.dimensions[0] != "obs":
            values = np.repeat(values, sizes)
        if name == "time":
            values = np.datetime64(0, "ns") + np.round(values * 1e9).astype("timedelta64[ns]")
        elif values.dtype.kind in "iu" and (fill := variable.attrs.get("_FillValue")) is not None:
            floating = float_of(values.dtype)
            step = floating(variable.attrs.get("scale_factor", 1.0))
            values = np.where(values == fill, np.nan, values).astype(floating) * step
        kept = {key: variable.attrs[key] for key in ("units", "standard_name", "flag_values") if key in variable.attrs}
        rows[called] = ("row", values, {} if name == "time" else kept)
    return xr.Dataset(rows)


def _letters(names: np.ndarray) -> np.ndarray:
    """Return names as letters, (name, letter): text that every reader of NetCDF knows."""
    coded = np.char.encode(names, "utf-8")
    return coded.astype(f"S{max(coded.dtype.itemsize, 1)}")[:, None].view("S1")


def _attributes(provenance: Provenance, kind: Table, lon: np.ndarray, lat: np.ndarray) -> dict[str, Any]:
    extent = {
        "geospatial_lat_min": float(np.nanmin(lat)),
        "geospatial_lat_max": float(np.nanmax(lat)),
        "geospatial_lat_resolution": 0.0,
        "geospatial_lon_min": float(np.nanmin(lon)),
        "geospatial_lon_max": float(np.nanmax(lon)),
        "geospatial_lon_resolution": 0.0,
    }
    found = global_attributes(provenance, of_points(lon, lat), extent)
    return found | {"featureType": kind.feature, "cdm_data_type": cdm_data_type(kind)}
