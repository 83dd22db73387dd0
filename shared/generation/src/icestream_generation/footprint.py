"""Where on Earth a grid lies: its outline and its box, in degrees, across the antimeridian and over the poles too."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from icestream_core.grid import Grid
from icestream_generation.geolocation import lonlat_of, xy_of

NODES = 49
"""Along a side: enough that a straight line between two of them stays within a cell of the true edge."""


class Footprint(NamedTuple):
    """geometry : a valid (multi)polygon of longitude and latitude; bbox : west, south, east, north.

    West is the greater of the two where the antimeridian is crossed, as GeoJSON has it.
    """

    geometry: Polygon | MultiPolygon
    bbox: tuple[float, float, float, float]


@lru_cache(maxsize=16)
def footprint(grid: Grid) -> Footprint:
    """Return the outline of a grid."""
    west, south, east, north = grid.bounds
    if grid.is_geographic:
        return of_box(west, max(south, -90.0), east, min(north, 90.0))
    lon, lat = lonlat_of(grid, *np.meshgrid(np.linspace(west, east, NODES), np.linspace(north, south, NODES)))
    poles = [pole for pole in (90.0, -90.0) if _holds(grid, pole)]
    known = np.isfinite(lon)
    if poles:
        found = lat[known]
        return of_box(-180.0, -90.0 if -90.0 in poles else found.min(), 180.0, 90.0 if 90.0 in poles else found.max())
    edge = np.concatenate([np.stack([lon, lat], -1)[side] for side in _sides()])
    if np.isfinite(edge).all():
        return _outline(edge)
    hull = _polygon(shapely.MultiPoint(np.stack([lon[known], lat[known]], -1)).convex_hull)
    return Footprint(hull, _rounded(hull.bounds))


def of_box(west: float, south: float, east: float, north: float) -> Footprint:
    """Return the footprint of a box; one that reaches beyond 180 degrees is cut there."""
    if east - west >= 360.0:
        west, east = -180.0, 180.0
    whole = _cut(box(west, south, east, north))
    return Footprint(whole, _rounded((_wrapped(west), south, east if east <= 180.0 else east - 360.0, north)))


def of_points(lon: np.ndarray, lat: np.ndarray) -> Footprint:
    """Return the box of places; a point is given a hundredth of a degree to lie in."""
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return of_box(-180.0, -90.0, 180.0, 90.0)
    west, east, south, north = lon[known].min(), lon[known].max(), lat[known].min(), lat[known].max()
    margin = 0.005
    return of_box(
        float(west) - (margin if east == west else 0),
        float(max(south - (margin if north == south else 0), -90)),
        float(east) + (margin if east == west else 0),
        float(min(north + (margin if north == south else 0), 90)),
    )


def _outline(edge: np.ndarray) -> Footprint:
    lon = np.unwrap(edge[:, 0], period=360.0)
    lon -= 360.0 * np.floor((lon.min() + 180.0) / 360.0)
    ring = _polygon(shapely.make_valid(Polygon(np.stack([lon, edge[:, 1]], -1))))
    west, south, east, north = ring.bounds
    if east - west >= 360.0:
        return of_box(west, south, east, north)
    return Footprint(_cut(ring), _rounded((west, south, east if east <= 180.0 else east - 360.0, north)))


def _cut(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return _polygon(shape)
    here = shape.intersection(box(-180, -90, 180, 90))
    side = 360.0 if west < -180.0 else -360.0
    there = affinity.translate(shape, xoff=side).intersection(box(-180, -90, 180, 90))
    return _polygon(here.union(there))


def _polygon(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the areas of a shape, counter-clockwise as GeoJSON wants them, to a millionth of a degree."""
    kept = [part for part in shapely.get_parts(shapely.set_precision(shape, 1e-6)) if isinstance(part, Polygon)]
    areas = [shapely.geometry.polygon.orient(part) for part in kept]
    return areas[0] if len(areas) == 1 else MultiPolygon(areas)


def _sides() -> list[tuple[slice | int, slice | int]]:
    """Clockwise round the nodes, each corner once."""
    return [(0, slice(None)), (slice(1, None), -1), (-1, slice(-2, None, -1)), (slice(-2, 0, -1), 0)]


def _holds(grid: Grid, pole: float) -> bool:
    x, y = xy_of(grid, np.array([0.0, 90.0, 180.0]), np.full(3, pole))
    # A cylinder draws a pole as a line, a sinusoid as a corner of its edge: neither lies within.
    if not np.isfinite(x).all() or np.ptp(x) > 1.0 or np.ptp(y) > 1.0:
        return False
    west, south, east, north = grid.bounds
    return bool(west < x[0] < east and south < y[0] < north)


def _wrapped(lon: float) -> float:
    return lon if lon >= -180.0 else lon + 360.0


def _rounded(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = (round(float(value), 6) for value in bounds)
    return west, south, east, north
