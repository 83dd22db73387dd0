"""Where the cells of a raster item lie: a mesh of degrees, by which the page lays a picture on the map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import pyproj
from pyproj.exceptions import ProjError

NODES: Final = 41
"""Along each side. A cell of the mesh is drawn as two plane triangles: of a hemisphere that is a bend nobody sees."""


class NoMesh(Exception):
    """The item is no raster, or its projection is not known here."""


def mesh(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mesh of an item, row by row from the upper left; a place outside the projection is None.

    properties : the item's, with `proj:bbox` and `proj:code` or `proj:wkt2`

    Raises NoMesh.
    """
    box = properties.get("proj:bbox")
    crs = properties.get("proj:code") or properties.get("proj:wkt2")
    if not isinstance(box, list) or len(box) != 4 or not isinstance(crs, str):
        raise NoMesh("it is no raster")
    lon, lat = _lonlat(crs, *map(float, box))
    return {"rows": NODES, "columns": NODES, "lon": lon, "lat": lat}


@lru_cache(maxsize=64)
def _lonlat(
    crs: str, west: float, south: float, east: float, north: float
) -> tuple[list[float | None], list[float | None]]:
    steps = [number / (NODES - 1) for number in range(NODES)]
    xs = [west + (east - west) * step for step in steps] * NODES
    ys = [north - (north - south) * step for step in steps for _ in range(NODES)]
    try:
        to_degrees = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
        lon, lat = to_degrees.transform(xs, ys)
    except ProjError as error:
        raise NoMesh(f"its projection cannot be used: {error}") from error
    known = [math.isfinite(x) and math.isfinite(y) for x, y in zip(lon, lat, strict=True)]
    return (
        [round(x, 4) if there else None for x, there in zip(lon, known, strict=True)],
        [round(y, 4) if there else None for y, there in zip(lat, known, strict=True)],
    )
