"""A features product: outlines, lines or points with attributes. Its master is a GeoPackage.

A computation returns a sequence of (shapely geometry, attributes by name), in the reference system of its record. The
attributes are those that the record writes, and any that are text (names, codes of inventories).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from icestream_core.errors import GranuleError, ProductError
from icestream_core.product import Features
from icestream_generation.promises import check
from icestream_generation.provenance import Provenance

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Feature = tuple["BaseGeometry", dict[str, Any]]
"""One outline and its attributes."""


def is_geopackage(path: Path) -> bool:
    """Whether a file is a GeoPackage, by its first bytes: SQLite 3."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def check_features(provenance: Provenance, kind: Features, returned: Any) -> list[Feature]:
    """Return the features as they are stored.

    Raises ProductError where one has another geometry than the record says, an attribute breaks a promise, or where
    there are none at all.
    """
    product = provenance.product
    if not isinstance(returned, Sequence) or not all(isinstance(each, tuple) and len(each) == 2 for each in returned):
        raise ProductError(f"{product.name} returned {type(returned).__name__}; wanted (geometry, attributes) pairs")
    if not returned:
        raise ProductError(f"{product.name} returned no features; raise Void with the reason instead")
    kinds = {kind.geometry, kind.geometry.removeprefix("Multi")}
    strange = {shape.geom_type for shape, _ in returned if shape.geom_type not in kinds}
    if strange:
        raise ProductError(f"{product.name} returned {', '.join(sorted(strange))}; its record says {kind.geometry}")
    text = sorted({name for _, given in returned for name, value in given.items() if isinstance(value, str)})
    numbers = {
        name: np.array([_number(given.get(name)) for _, given in returned])
        for name in sorted({name for _, given in returned for name in given} - set(text))
    }
    stored = check(product, numbers, (len(returned),))
    return [
        (shape, {name: str(given.get(name, "")) for name in text} | {name: stored[name][row] for name in stored})
        for row, (shape, given) in enumerate(returned)
    ]


def write_features(
    path: Path, provenance: Provenance, kind: Features, features: Sequence[Feature], driver: str = "GPKG"
) -> None:
    """Write features to a GeoPackage, or to a shapefile (driver "ESRI Shapefile"), the same bytes for the same ones."""
    import pyogrio
    import shapely
    from shapely.geometry import MultiPolygon, Polygon

    shapes = [shape for shape, _ in features]
    if kind.geometry == "MultiPolygon":
        shapes = [MultiPolygon([shape]) if isinstance(shape, Polygon) else shape for shape in shapes]
    names = list(features[0][1])
    columns = [np.array([given[name] for _, given in features]) for name in names]
    columns = [column.astype(object) if column.dtype.kind == "U" else column for column in columns]
    created = provenance.task.created_at
    layer = {"DBF_DATE_LAST_UPDATE": f"{created:%Y-%m-%d}", "ENCODING": "UTF-8"} if driver != "GPKG" else {}
    # GDAL stamps a GeoPackage with the time of writing, unless it is told another one.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{created:%Y-%m-%dT%H:%M:%S}.000Z"})
    try:
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array(shapes, object)),
            field_data=columns,
            fields=names,
            crs=kind.crs,
            driver=driver,
            layer=provenance.product.name.replace("-", "_") if driver == "GPKG" else path.stem,
            geometry_type=kind.geometry,
            layer_options=layer,
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def read_features(path: Path) -> list[Feature]:
    """Return the features of a GeoPackage of ours; raises GranuleError for what is none."""
    import pyogrio
    import shapely

    try:
        meta, _, geometry, columns = pyogrio.raw.read(path)
        shapes = shapely.from_wkb(geometry)
    except (RuntimeError, ValueError, shapely.errors.ShapelyError) as error:
        raise GranuleError(f"{path.name} cannot be read as GeoPackage: {error}") from error
    if shapes is None or shapely.is_missing(shapes).any():
        raise GranuleError(f"{path.name} has rows without a geometry; wanted one of each feature: it is damaged")
    names = [str(name) for name in meta["fields"]]
    return [
        (shape, {name: column[row] for name, column in zip(names, columns, strict=True)})
        for row, shape in enumerate(shapes)
    ]


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
