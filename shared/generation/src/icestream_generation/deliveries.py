"""Writing the deliveries of a product: each form that a dataset promises, from the arrays of the master file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.errors import RecordError
from icestream_core.grid import Grid
from icestream_core.naming import delivery_filename
from icestream_core.product import Features, Table
from icestream_core.variable import Variable, Written
from icestream_generation.ascii_grid import write_ascii_grid
from icestream_generation.csv_table import write_csv
from icestream_generation.delivery_values import delivered
from icestream_generation.features import Feature, write_features
from icestream_generation.geotiff import Band, write_geotiff
from icestream_generation.hdf5 import write_hdf5
from icestream_generation.manifest import MadeFile
from icestream_generation.netcdf import write_netcdf
from icestream_generation.provenance import Provenance
from icestream_generation.raster import Layer, raster_contents

MEDIA_TYPES = {
    "ascii-grid": "text/plain",
    "geotiff": "image/tiff; application=geotiff",
    "netcdf": "application/netcdf",
    "hdf5": "application/x-hdf5",
    "csv": "text/csv",
    "geopackage": "application/geopackage+sqlite3",
    "shapefile": "application/vnd.shp",
}


def deliver_raster(
    out: Path,
    provenance: Provenance,
    grid: Grid,
    arrays: dict[str, np.ndarray],
    along: Mapping[str, np.ndarray] | None = None,
) -> list[MadeFile]:
    """Write every delivery of a raster; raises RecordError for a form that is none of a raster.

    along : where the layers of variables that have some stand, by the name of their dimension
    """
    files = []
    for delivery in provenance.product.deliveries:
        path = _path(out, delivery, provenance)
        kind = provenance.product.writes[delivery.variable]
        target, values, written = delivered(delivery, arrays[delivery.variable], kind, grid)
        match delivery.format:
            case "ascii-grid":
                write_ascii_grid(path, delivery, target, values)
            case "geotiff":
                bands = [*_bands(delivery, values, written, along or {})]
                for name in delivery.behind:
                    bands += _behind(delivery, name, arrays[name], provenance, grid)
                write_geotiff(path, delivery, target, bands, written, provenance)
            case "netcdf":
                layer = Layer(delivery.variable, written, values, delivery.nodata)
                write_netcdf(path, raster_contents(provenance, target, [layer]))
            case "hdf5":
                write_hdf5(path, delivery, target, values, written, provenance)
            case _:
                raise _no_such_form(delivery, "a raster")
        files.append(_written(path, delivery))
    return files


def _bands(delivery: Delivery, values: np.ndarray, written: Written, along: Mapping[str, np.ndarray]) -> Iterator[Band]:
    """Give the bands of a variable: itself, or one for each of its layers, named for where it stands."""
    if values.ndim == 2:
        yield Band(delivery.variable, delivery.unit, values)
        return
    places = along[written.along] if isinstance(written, Variable) else ()
    for place, layer in zip(places, values, strict=True):
        yield Band(f"{place:g}", delivery.unit, layer)


def _behind(delivery: Delivery, name: str, stored: np.ndarray, provenance: Provenance, grid: Grid) -> list[Band]:
    written = provenance.product.writes[name]
    unit = written.unit if isinstance(written, Variable) else "1"
    own = delivery.model_copy(update={"variable": name, "unit": unit})
    return [Band(name, unit, delivered(own, stored, written, grid).values)]


def deliver_table(out: Path, provenance: Provenance, kind: Table, columns: dict[str, np.ndarray]) -> list[MadeFile]:
    """Write every delivery of a table; raises RecordError for a form that is none of a table."""
    files = []
    for delivery in provenance.product.deliveries:
        path = _path(out, delivery, provenance)
        if delivery.format != "csv":
            raise _no_such_form(delivery, "a table")
        write_csv(path, delivery, kind, columns, provenance.product.writes[delivery.variable])
        files.append(_written(path, delivery))
    return files


def deliver_features(out: Path, provenance: Provenance, kind: Features, features: Sequence[Feature]) -> list[MadeFile]:
    """Write every delivery of features; a shapefile is several files."""
    files = []
    for delivery in provenance.product.deliveries:
        path = _path(out, delivery, provenance)
        match delivery.format:
            case "geopackage":
                write_features(path, provenance, kind, features)
                files.append(_written(path, delivery))
            case "shapefile":
                write_features(path, provenance, kind, features, "ESRI Shapefile")
                parts = sorted(part for part in out.iterdir() if part.stem == path.stem and part.suffix in SHAPEFILE)
                files += [_written(part, delivery) for part in parts]
            case _:
                raise _no_such_form(delivery, "features")
    return files


SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def _path(out: Path, delivery: Delivery, provenance: Provenance) -> Path:
    path = out / delivery_filename(delivery, provenance.task.slot)
    if path.parent != out:
        raise RecordError(f"delivery {delivery.name}: {delivery.filename!r} names a folder; a file name is wanted")
    if path.exists():
        raise RecordError(f"delivery {delivery.name}: another file of this slot is called {path.name!r} already")
    return path


def _written(path: Path, delivery: Delivery) -> MadeFile:
    return MadeFile(path, "delivery", MEDIA_TYPES[delivery.format], delivery.dataset)


def _no_such_form(delivery: Delivery, kind: str) -> RecordError:
    return RecordError(f"delivery {delivery.name}: {kind} is not written as {delivery.format!r}")
