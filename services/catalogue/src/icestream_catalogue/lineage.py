"""Lineage: from a product back to the granules that it was made from, and forward to what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from icestream_catalogue.schema import item, source
from icestream_runtime.ledger.database import Database

Kind = Literal["item", "void", "granule"]
READ: Final = 4_000
"""Edges that are read for one step: of an ancillary granule everything may have been made."""


class Node(NamedTuple):
    """A granule or a product's item.

    level : steps from the item that was asked for; below nought what it was made from
    kind : item where the catalogue serves it
    """

    id: str
    collection: str
    level: int
    kind: Kind
    start: str


class Edge(NamedTuple):
    """`made` was made from `source`, as this input."""

    source: str
    made: str
    input: str


class Graph(NamedTuple):
    """left_out : how many more there are than are listed"""

    nodes: list[Node]
    edges: list[Edge]
    left_out: int


def graph(database: Database, item_id: str, back: int, forward: int, limit: int) -> Graph:
    """Return the graph around an item, breadth first."""
    edges: dict[tuple[str, str], Edge] = {}
    levels = {item_id: 0}
    collections: dict[str, str] = {}
    left_out: set[str] = set()
    unread = 0
    with database.transaction(writes=False) as connection:
        for direction, steps in ((-1, back), (1, forward)):
            ends = source.c.item_id, source.c.granule_id
            near, far = ends if direction < 0 else ends[::-1]
            front = [item_id]
            for step in range(1, steps + 1):
                found = _edges(database, connection, near, front)
                behind, front = front, []
                for edge, collection in found:
                    new = edge.source if direction < 0 else edge.made
                    if new not in levels:
                        if len(levels) >= limit:
                            left_out.add(new)
                            continue
                        levels[new] = direction * step
                        front.append(new)
                    collections[edge.source] = collection
                    edges[edge.source, edge.made] = edge
                if len(found) == READ:
                    unread += _others(database, connection, near, far, behind, [*levels, *left_out])
                if not front:
                    break
        kinds = _kinds(database, connection, levels)
    nodes = []
    for each, level in levels.items():
        product, kind, start = kinds.get(each, (collections.get(each, ""), "granule", ""))
        nodes.append(Node(each, product, level, kind, start))
    return Graph(nodes, list(edges.values()), len(left_out) + unread)


def _edges(
    database: Database, connection: Connection, column: ColumnElement[str], front: Iterable[str]
) -> list[tuple[Edge, str]]:
    columns = [source.c[name] for name in ("granule_id", "item_id", "input", "collection")]
    statement = select(*columns).where(database.among(column)).order_by(source.c.item_id, source.c.input, source.c.step)
    rows = connection.execute(statement.limit(READ), database.these(front))
    return [(Edge(granule, made, name), collection) for granule, made, name, collection in rows]


def _others(
    database: Database,
    connection: Connection,
    near: ColumnElement[str],
    far: ColumnElement[str],
    front: Iterable[str],
    known: Sequence[str],
) -> int:
    """Return how many are a step from the front that are not known."""
    statement = select(func.count(far.distinct())).where(database.among(near), far.not_in(known))
    return int(connection.execute(statement, database.these(front)).scalar_one())


def _kinds(database: Database, connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, Kind, str]]:
    columns = [item.c[name] for name in ("id", "product", "void", "start_at")]
    rows = connection.execute(select(*columns).where(database.among(item.c.id)), database.these(ids))
    return {each: (product, "void" if void else "item", start.isoformat()) for each, product, void, start in rows}
