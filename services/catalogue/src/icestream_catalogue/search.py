"""Searching: which items lie where and when, a page at a time, the latest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select, text

from icestream_catalogue.entry import unwrapped
from icestream_catalogue.schema import SERVED, item
from icestream_runtime.ledger.database import Database

COLUMNS: Final = tuple(
    item.c[name]
    for name in ("id", "product", "standing", "checksum", "start_at", "end_at", "announced_at", "directory", "body")
)
SCANNED: Final = 5_000
"""How many items whose boxes match are held against the true outlines, for one page."""
CHUNK: Final = 100

Box = tuple[float, float, float, float]


class After(NamedTuple):
    """Where a page ended."""

    start: datetime
    id: str


class Query(NamedTuple):
    """What is looked for. Empty, or None, is no matter.

    start, end : the items' intervals meet this one
    area : a shape in degrees, cut at the antimeridian; its items are those whose outlines meet it
    """

    ids: Sequence[str] = ()
    products: Sequence[str] = ()
    start: datetime | None = None
    end: datetime | None = None
    area: BaseGeometry | None = None
    limit: int = 10
    after: After | None = None


class Found(NamedTuple):
    """An item as it is kept."""

    id: str
    product: str
    standing: int
    checksum: str
    start: datetime
    end: datetime
    announced: datetime
    directory: str
    body: dict[str, Any]


class Page(NamedTuple):
    """after : where the next page begins; None where there is none

    matched : how many there are in all; None where only the outlines tell
    """

    items: list[Found]
    after: After | None
    matched: int | None


def box_of(bbox: Sequence[float]) -> BaseGeometry:
    """Return the shape of a GeoJSON box; one across the antimeridian is cut there."""
    west, south, east, north = unwrapped(list(bbox))
    if east - west >= 360.0:
        return shapely.box(-180.0, south, 180.0, north)
    parts = [shapely.box(west, south, min(east, 180.0), north)]
    if east > 180.0:
        parts.append(shapely.box(-180.0, south, east - 360.0, north))
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def search(database: Database, query: Query) -> Page:
    """Return a page of items.

    The database knows boxes; outlines are compared here, and the page is filled from as many chunks as that takes.
    Where very many boxes match and few outlines do, a page may be short, and the next goes on from there.
    """
    kept: list[Found] = []
    after, scanned = query.after, 0
    with database.transaction(writes=False) as connection:
        matched = None
        if query.area is None and query.after is None:
            matched = connection.execute(_where(select(func.count()).select_from(item), database, query)).scalar_one()
        size = query.limit + 1 if query.area is None else max(CHUNK, query.limit + 1)
        while True:
            rows = [
                found_of(row)
                for row in connection.execute(_page(database, query._replace(after=after), size)).mappings()
            ]
            for row in rows:
                if query.area is None or _meets(row, query.area):
                    if len(kept) == query.limit:
                        return Page(kept, After(kept[-1].start, kept[-1].id), matched)
                    kept.append(row)
            scanned += len(rows)
            if len(rows) < size:
                return Page(kept, None, matched)
            after = After(rows[-1].start, rows[-1].id)
            if scanned >= SCANNED:
                return Page(kept, after, matched)


def _page(database: Database, query: Query, size: int) -> Select[Any]:
    """Return the statement of a page: first which, within an index alone, then these."""
    order = item.c.start_at.desc(), item.c.id
    which = _where(select(item.c.id), database, query).order_by(*order).limit(size).subquery()
    return select(*COLUMNS).join(which, which.c.id == item.c.id).order_by(*order)


def found_of(row: RowMapping) -> Found:
    return Found(
        id=row["id"],
        product=row["product"],
        standing=row["standing"],
        checksum=row["checksum"],
        start=row["start_at"],
        end=row["end_at"],
        announced=row["announced_at"],
        directory=row["directory"],
        body=json.loads(row["body"]),
    )


def _where(statement: Select[Any], database: Database, query: Query) -> Select[Any]:
    # As text, because only then do both planners see that the partial indexes serve.
    statement = statement.where(text(SERVED))
    if query.ids:
        statement = statement.where(database.among(item.c.id)).params(**database.these(query.ids))
    if query.products:
        statement = statement.where(item.c.product.in_(query.products))
    if query.end is not None:
        statement = statement.where(item.c.start_at <= query.end)
    if query.start is not None:
        statement = statement.where(item.c.end_at > query.start)
    if query.after is not None:
        start, last = query.after
        here = and_(item.c.start_at == start, item.c.id > last)
        statement = statement.where(item.c.start_at <= start, or_(item.c.start_at < start, here))
    if query.area is not None:
        statement = statement.where(_near(query.area))
    return statement


def _near(area: BaseGeometry) -> ColumnElement[bool]:
    """Say that an item's box meets that of an area. Boxes may reach beyond 180 degrees: the area is laid there too."""
    conditions: list[ColumnElement[bool]] = []
    for west, south, east, north in _boxes(area):
        for turn in (0.0, 360.0):
            along = and_(item.c.west <= east + turn, item.c.east >= west + turn)
            conditions.append(and_(along, item.c.south <= north, item.c.north >= south))
    return or_(*conditions)


def _boxes(area: BaseGeometry) -> list[Box]:
    """Return the boxes of an area: two where it lies on both sides of the antimeridian."""
    west, south, east, north = area.bounds
    if west > -180.0 or east < 180.0 or area.geom_type not in ("MultiPolygon", "GeometryCollection"):
        return [(west, south, east, north)]
    parts = shapely.get_parts(area)
    return [tuple(part.bounds) for part in parts] if len(parts) <= 4 else [(west, south, east, north)]


def _meets(found: Found, area: BaseGeometry) -> bool:
    return bool(shapely.intersects(shapely.geometry.shape(found.body["geometry"]), area))
