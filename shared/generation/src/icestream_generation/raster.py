"""A raster product as a CF file: latitude and longitude, or a projection with its grid mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from icestream_core.errors import RecordError
from icestream_core.grid import Grid
from icestream_core.variable import Variable, Written
from icestream_generation.contents import Contents, Field
from icestream_generation.described import (
    cdm_data_type,
    global_attributes,
    metres_to_degrees,
    moment_fields,
    provenance_field,
    variable_attributes,
)
from icestream_generation.footprint import footprint
from icestream_generation.geolocation import centres, crs_of, places_of
from icestream_generation.provenance import Provenance

LONLAT_STEP = 1e-5
"""Degrees to which the places of projected cells are kept: about a metre."""

MISSING_PLACE = -(2**31)

SPHERICAL = {
    "Lambert Azimuthal Equal Area (Spherical)": (
        "lambert_azimuthal_equal_area",
        {
            "Latitude of natural origin": "latitude_of_projection_origin",
            "Longitude of natural origin": "longitude_of_projection_origin",
        },
    ),
    "Lambert Cylindrical Equal Area (Spherical)": (
        "lambert_cylindrical_equal_area",
        {
            "Latitude of 1st standard parallel": "standard_parallel",
            "Longitude of natural origin": "longitude_of_central_meridian",
        },
    ),
}
"""CF names of the projections that pyproj does not write for a sphere: those of EASE-Grid version 1."""


class Layer(NamedTuple):
    """One variable of a raster file: what it is, its values as they are stored, and what stands for missing."""

    name: str
    written: Written
    values: np.ndarray
    fill: float | int | None


def raster_contents(
    provenance: Provenance, grid: Grid, layers: Sequence[Layer], along: Mapping[str, np.ndarray] | None = None
) -> Contents:
    """Return the file of a raster.

    layers : values of the grid's shape, or of several such one after the other
    along : where the latter stand, by the name of their dimension
    """
    along = along or {}
    rows, cols = ("lat", "lon") if grid.is_geographic else ("y", "x")
    places = _geographic(grid) if grid.is_geographic else _projected(grid)
    placed = {"grid_mapping": "crs", "coordinates": "time height" if grid.is_geographic else "time height lat lon"}
    together = {layer.name: layer.written for layer in layers}
    data = tuple(
        Field(name, (*_along(written), rows, cols), values, variable_attributes(written, together) | placed, fill)
        for name, written, values, fill in layers
    )
    layered = tuple(Field(name, (name,), at, {"long_name": name, "units": "1"}) for name, at in along.items())
    attributes = global_attributes(provenance, footprint(grid), _extent(grid, places))
    return Contents(
        {rows: grid.height, cols: grid.width, "period": 2} | {name: at.size for name, at in along.items()},
        (*layered, *moment_fields(provenance), *places, crs_field(grid), *data, provenance_field(provenance)),
        attributes
        | {"cdm_data_type": cdm_data_type(provenance.product.kind), "icestream_grid": grid.model_dump_json()},
    )


def _along(written: Written) -> tuple[str, ...]:
    return (written.along,) if isinstance(written, Variable) and written.along else ()


def crs_field(grid: Grid) -> Field:
    """Return the grid mapping: CF's parameters, the WKT and what GDAL reads."""
    a, b, c, d, e, f = grid.transform
    attributes = grid_mapping(grid.crs) | {"GeoTransform": " ".join(repr(value) for value in (c, a, b, f, d, e))}
    return Field("crs", (), np.array(0, np.int32), {"long_name": "coordinate reference system", **attributes})


def grid_mapping(text: str) -> dict[str, Any]:
    """Return CF's description of a coordinate reference system."""
    crs = crs_of(text)
    found = dict(crs.to_cf())
    operation = crs.coordinate_operation
    if "grid_mapping_name" not in found and operation is not None and operation.method_name in SPHERICAL:
        name, words = SPHERICAL[operation.method_name]
        ellipsoid = crs.ellipsoid
        found |= {
            "grid_mapping_name": name,
            "earth_radius": ellipsoid.semi_major_metre if ellipsoid else None,
            "false_easting": 0.0,
            "false_northing": 0.0,
            **{words[each.name]: each.value for each in operation.params if each.name in words},
        }
    found.setdefault("crs_wkt", crs.to_wkt())
    return found


def _geographic(grid: Grid) -> tuple[Field, ...]:
    lon, lat = centres(grid)
    latitude = {"standard_name": "latitude", "long_name": "latitude", "units": "degrees_north", "axis": "Y"}
    longitude = {"standard_name": "longitude", "long_name": "longitude", "units": "degrees_east", "axis": "X"}
    return Field("lat", ("lat",), lat, latitude), Field("lon", ("lon",), lon, longitude)


def _projected(grid: Grid) -> tuple[Field, ...]:
    strange = {axis.unit_name for axis in crs_of(grid.crs).axis_info} - {"metre"}
    if strange:
        raise RecordError(
            f"grid {grid.name} is in {grid.crs}, whose coordinates are in {' and '.join(sorted(strange))}; a product's "
            "grid is in metres, or in degrees of EPSG:4326. A GeoTIFF may be delivered in any reference system"
        )
    x, y = centres(grid)
    across = {"standard_name": "projection_x_coordinate", "long_name": "x of the projection", "units": "m", "axis": "X"}
    along = {"standard_name": "projection_y_coordinate", "long_name": "y of the projection", "units": "m", "axis": "Y"}
    lon, lat = _packed_places(grid)
    packing = {"scale_factor": np.float64(LONLAT_STEP), "add_offset": np.float64(0.0)}
    latitude = {"standard_name": "latitude", "long_name": "latitude", "units": "degrees_north", **packing}
    longitude = {"standard_name": "longitude", "long_name": "longitude", "units": "degrees_east", **packing}
    return (
        Field("y", ("y",), y, along),
        Field("x", ("x",), x, across),
        Field("lat", ("y", "x"), lat, latitude, MISSING_PLACE),
        Field("lon", ("y", "x"), lon, longitude, MISSING_PLACE),
    )


@lru_cache(maxsize=1)
def _packed_places(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and latitude of every cell in counts of LONLAT_STEP, worked out a few rows at a time."""
    packed = np.empty(grid.shape, np.int32), np.empty(grid.shape, np.int32)
    for row in range(0, grid.height, 128):
        block = slice(row, row + 128)
        for whole, degrees in zip(packed, places_of(grid, block, LONLAT_STEP / 10), strict=True):
            counts = np.round(degrees / LONLAT_STEP)
            whole[block] = np.where(np.isfinite(counts), counts, MISSING_PLACE)
    return packed


def _extent(grid: Grid, places: tuple[Field, ...]) -> dict[str, float]:
    fields = {field.name: field for field in places}
    lat, lon = (np.asarray(fields[name].values) for name in ("lat", "lon"))
    if not grid.is_geographic:
        known = lat != MISSING_PLACE
        lat, lon = (
            np.array([values.min(where=known, initial=2**31 - 1), values.max(where=known, initial=MISSING_PLACE)])
            * LONLAT_STEP
            for values in (lat, lon)
        )
    width, height = grid.cell if grid.is_geographic else (metres_to_degrees(length) for length in grid.cell)
    return {
        "geospatial_lat_min": float(lat.min()),
        "geospatial_lat_max": float(lat.max()),
        "geospatial_lat_resolution": height,
        "geospatial_lon_min": float(lon.min()),
        "geospatial_lon_max": float(lon.max()),
        "geospatial_lon_resolution": width,
    }


def grid_of(text: str) -> Grid:
    """Return the grid that a file of ours was written on."""
    return Grid.model_validate(json.loads(text))
