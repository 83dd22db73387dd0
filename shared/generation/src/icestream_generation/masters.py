"""Writing the master file of each kind of product, its deliveries and its quicklook."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from icestream_core.grid import Grid
from icestream_core.naming import canonical_filename
from icestream_core.product import Features, Table
from icestream_generation.deliveries import deliver_features, deliver_raster, deliver_table
from icestream_generation.features import check_features, write_features
from icestream_generation.footprint import Footprint, footprint, of_points
from icestream_generation.manifest import MadeFile
from icestream_generation.netcdf import write_netcdf
from icestream_generation.promises import axes, check, fill_of, valid_shares
from icestream_generation.provenance import Provenance
from icestream_generation.quicklook import features_quicklook, raster_quicklook, table_quicklook
from icestream_generation.raster import Layer, raster_contents
from icestream_generation.tables import columns_of, table_contents

NETCDF, GEOPACKAGE = "application/netcdf", "application/geopackage+sqlite3"


class Made(NamedTuple):
    """What was written of a make.

    files : the master first
    place : where it lies
    valid : share of cells, rows or features that have a value, by variable
    """

    files: list[MadeFile]
    place: Footprint
    valid: dict[str, float]


def write_raster_product(out: Path, provenance: Provenance, grid: Grid, returned: Any) -> Made:
    arrays, along = check(provenance.product, returned, grid.shape), axes(provenance.product, returned)
    writes = provenance.product.writes
    layers = [Layer(name, written, arrays[name], fill_of(written)) for name, written in writes.items()]
    master, picture = _paths(out, provenance, ".nc")
    write_netcdf(master, raster_contents(provenance, grid, layers, along))
    delivered = deliver_raster(out, provenance, grid, arrays, along)
    raster_quicklook(picture, provenance, grid, arrays)
    return Made(_files(master, NETCDF, delivered, picture), footprint(grid), valid_shares(provenance.product, arrays))


def write_table_product(out: Path, provenance: Provenance, kind: Table, returned: Any) -> Made:
    columns = columns_of(provenance, kind, returned)
    master, picture = _paths(out, provenance, ".nc")
    write_netcdf(master, table_contents(provenance, kind, columns))
    delivered = deliver_table(out, provenance, kind, columns)
    table_quicklook(picture, provenance, columns)
    place = of_points(columns["longitude"].astype(float), columns["latitude"].astype(float))
    return Made(_files(master, NETCDF, delivered, picture), place, valid_shares(provenance.product, columns))


def write_features_product(out: Path, provenance: Provenance, kind: Features, returned: Any) -> Made:
    import shapely

    from icestream_generation.geolocation import transformer

    features = check_features(provenance, kind, returned)
    master, picture = _paths(out, provenance, ".gpkg")
    write_features(master, provenance, kind, features)
    delivered = deliver_features(out, provenance, kind, features)
    features_quicklook(picture, provenance, kind.crs, features)
    corners = shapely.get_coordinates(np.array([shape for shape, _ in features], object))
    lon, lat = transformer(kind.crs, "EPSG:4326").transform(*corners.T)
    place = of_points(np.asarray(lon), np.asarray(lat))
    written = {name: np.array([attributes[name] for _, attributes in features]) for name in provenance.product.writes}
    return Made(_files(master, GEOPACKAGE, delivered, picture), place, valid_shares(provenance.product, written))


def _paths(out: Path, provenance: Provenance, suffix: str) -> tuple[Path, Path]:
    slot = provenance.task.slot
    return out / canonical_filename(slot, suffix), out / canonical_filename(slot, ".png")


def _files(master: Path, media_type: str, delivered: list[MadeFile], picture: Path) -> list[MadeFile]:
    return [
        MadeFile(master, "data", media_type),
        *delivered,
        MadeFile(picture, "quicklook", "image/png"),
    ]
