"""The store: the current item of every slot, what each was made from, and the records of products."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Delete, Insert, Select, bindparam, case, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from icestream_catalogue import lineage, search
from icestream_catalogue.entry import Entry
from icestream_catalogue.lineage import Graph
from icestream_catalogue.schema import SERVED, TABLES, item, record, source
from icestream_catalogue.search import Found, Page, Query, found_of
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.opening import open_database

Fate = Literal["kept", "void", "repeated", "older"]
EXTENTS_SECONDS: Final = 2.0
"""How old an answer about all items may be: to count them goes through them all."""


class Extent(NamedTuple):
    """Where and when the items of a product lie; longitudes from -180 to 180."""

    items: int
    bbox: tuple[float, float, float, float]
    start: datetime
    end: datetime
    announced: datetime


class Change(NamedTuple):
    """Something that was announced lately."""

    id: str
    product: str
    standing: int
    void: str
    start: datetime
    announced: datetime
    changed: datetime


def open_store(url: str) -> Store:
    """Open the store at a URL and bring its tables up to date. Raises LedgerError where the database is away."""
    return Store(open_database(url, TABLES, migrate=True))


class Store:
    """Every method is one transaction, and may be called from several threads and processes.

    Raises LedgerError where the database is away.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._extents: tuple[float, dict[str, Extent]] | None = None
        self._lock = threading.Lock()

    def record(self, entries: Sequence[Entry]) -> list[Fate]:
        """Keep entries; for each, what became of it. Of a slot the highest standing holds, in whatever order they come.

        A void one takes the place of an item, and is served no more; it is kept, so that an older one does not return.
        """
        fated: dict[int, Fate] = {}
        with self._database.transaction() as connection:
            now = self._database.now(connection)
            # In the order of keys: two catalogues that keep the same slots must not wait for each other.
            order = sorted(range(len(entries)), key=lambda index: (entries[index].id, entries[index].standing))
            for index in order:
                entry = entries[index]
                row = row_of(entry) | {"changed_at": now}
                if connection.execute(self._database.statement(_keep), row).first() is None:
                    standing = select(item.c.standing).where(item.c.id == entry.id)
                    known = connection.execute(standing).scalar_one()
                    fated[index] = "repeated" if known == entry.standing else "older"
                    continue
                fated[index] = "void" if entry.void else "kept"
                connection.execute(self._database.statement(_forget_sources), {"of_item": entry.id})
                if entry.sources:
                    sources = [{"item_id": entry.id, **each._asdict()} for each in entry.sources]
                    connection.execute(self._database.statement(_keep_source), sources)
        with self._lock:
            # What a product's first item brings is seen at once, however often the extents are asked for.
            if self._extents is not None and not {entry.product for entry in entries} <= self._extents[1].keys():
                self._extents = None
        return [fated[index] for index in range(len(entries))]

    def forget(self) -> None:
        """Empty the catalogue, records apart."""
        with self._database.transaction() as connection:
            connection.execute(delete(source))
            connection.execute(delete(item))

    def keep_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep the records of products; what is kept of the same names goes."""
        with self._database.transaction() as connection:
            for each in sorted(records, key=lambda each: str(each["name"])):
                insert = self._database.insert(record)
                new = {"body": insert.excluded.body}
                statement = insert.on_conflict_do_update(index_elements=["product"], set_=new)
                connection.execute(statement, {"product": each["name"], "body": json.dumps(each)})

    def records(self) -> dict[str, dict[str, Any]]:
        """Return the records kept, by product."""
        with self._database.transaction(writes=False) as connection:
            return {
                name: json.loads(body) for name, body in connection.execute(select(record.c.product, record.c.body))
            }

    def item(self, item_id: str) -> Found | None:
        """Return an item; None where there is none, or it is void."""
        with self._database.transaction(writes=False, single=True) as connection:
            row = connection.execute(_served(*search.COLUMNS).where(item.c.id == item_id)).mappings().first()
        return found_of(row) if row else None

    def void(self, item_id: str) -> str:
        """Return why there is no item of this slot; empty where there is one, or nobody knows."""
        with self._database.transaction(writes=False, single=True) as connection:
            return connection.execute(select(item.c.void).where(item.c.id == item_id)).scalar() or ""

    def search(self, query: Query) -> Page:
        """Return a page of items, the latest first."""
        return search.search(self._database, query)

    def extents(self) -> dict[str, Extent]:
        """Return where and when the items of each product lie; at most two seconds old."""
        with self._lock:
            if self._extents is None or time.monotonic() - self._extents[0] > EXTENTS_SECONDS:
                self._extents = time.monotonic(), self._ask_extents()
            return self._extents[1]

    def latencies(self, product: str, limit: int = 200) -> list[float]:
        """Return how long after the end of its period each of the latest items was announced, s; backfill left out."""
        statement = _served(item.c.announced_at, item.c.end_at).where(item.c.product == product, ~item.c.backfill)
        with self._database.transaction(writes=False, single=True) as connection:
            rows = connection.execute(statement.order_by(item.c.start_at.desc(), item.c.id).limit(limit))
            return [(announced - end).total_seconds() for announced, end in rows]

    def latest(self, product: str) -> str | None:
        """Return the id of the item whose period begins last; None where there is none."""
        statement = _served(item.c.id).where(item.c.product == product)
        with self._database.transaction(writes=False, single=True) as connection:
            row = connection.execute(statement.order_by(item.c.start_at.desc(), item.c.id).limit(1)).first()
            return str(row[0]) if row else None

    def changes(self, since: datetime | None, limit: int = 200) -> list[Change]:
        """Return what was kept since, the first first; the latest of all where no time is given."""
        columns = [
            item.c[name] for name in ("id", "product", "standing", "void", "start_at", "announced_at", "changed_at")
        ]
        statement = select(*columns).limit(limit)
        if since is None:
            statement = statement.order_by(item.c.changed_at.desc())
        else:
            statement = statement.where(item.c.changed_at > since).order_by(item.c.changed_at)
        with self._database.transaction(writes=False, single=True) as connection:
            return [Change(*row) for row in connection.execute(statement)]

    def lineage(self, item_id: str, back: int, forward: int, limit: int) -> Graph:
        """Return what an item was made from and what was made of it, so many steps far and at most so many nodes."""
        return lineage.graph(self._database, item_id, back, forward, limit)

    def clock(self) -> datetime:
        """Return the database's clock."""
        with self._database.transaction(writes=False, single=True) as connection:
            return self._database.now(connection)

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def _ask_extents(self) -> dict[str, Extent]:
        beyond = func.max(case((item.c.east > 180.0, 1), else_=0))
        statement = _served(
            item.c.product,
            func.count(),
            func.min(item.c.west),
            func.min(item.c.south),
            func.max(item.c.east),
            func.max(item.c.north),
            func.min(item.c.start_at),
            func.max(item.c.end_at),
            func.max(item.c.announced_at),
            beyond,
        ).group_by(item.c.product)
        found = {}
        with self._database.transaction(writes=False, single=True) as connection:
            for name, count, west, south, east, north, start, end, announced, crosses in connection.execute(statement):
                bbox = (-180.0, south, 180.0, north) if crosses else (west, south, east, north)
                found[name] = Extent(count, bbox, start, end, announced)
        return found


def row_of(entry: Entry) -> dict[str, Any]:
    """Return the columns of an entry, but for the time of its change."""
    west, south, east, north = entry.bbox or (None, None, None, None)
    return {
        "id": entry.id,
        "product": entry.product,
        "standing": entry.standing,
        "void": entry.void,
        "checksum": entry.checksum,
        "backfill": entry.backfill,
        "start_at": entry.start,
        "end_at": entry.end,
        "announced_at": entry.announced,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "directory": entry.directory,
        "body": json.dumps(entry.body, ensure_ascii=True, allow_nan=False) if entry.body else "",
    }


def _served(*columns: Any) -> Select[Any]:
    # As text, because only then do both planners see that the partial indexes serve.
    return select(*columns).where(text(SERVED))


def _keep(database: Database) -> Any:
    insert: postgresql.Insert | sqlite.Insert = database.insert(item)
    new = {column.name: insert.excluded[column.name] for column in item.c if not column.primary_key}
    later = insert.excluded.standing > item.c.standing
    return insert.on_conflict_do_update(index_elements=["id"], set_=new, where=later).returning(item.c.id)


def _forget_sources(_database: Database) -> Delete:
    return delete(source).where(source.c.item_id == bindparam("of_item"))


def _keep_source(database: Database) -> Insert:
    return database.insert(source).on_conflict_do_nothing()
