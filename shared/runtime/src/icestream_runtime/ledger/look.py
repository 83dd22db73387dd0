"""The look: lock slots, then select their granules, then decide and write. Never the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Update, and_, bindparam, or_, update
from sqlalchemy.types import Integer, SmallInteger, String

from icestream_core.granule import Granule
from icestream_core.outcome import Outcome
from icestream_core.pick import Recorded
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_core.touch import Query
from icestream_runtime.ledger.contract import Change, Decide
from icestream_runtime.ledger.database import Columns, Database
from icestream_runtime.ledger.schema import BEGINNING, SPANS, Moment, granule, slot
from icestream_runtime.ledger.standing import Standing, load_made, lock, slot_row, write

ENDED = ("dead", "parked")
"""Given up with these inputs; other ones are another chance."""

QUERY: Columns = {
    "number": Integer(),
    "wanted_collection": String(),
    "wanted_span": SmallInteger(),
    "wanted_after": Moment(),
    "wanted_start": Moment(),
    "wanted_end": Moment(),
    "wanted_tile": String(),
    "wanted_variant": String(),
    "wanted_parts": String(),
}


def look(
    database: Database, slots: Sequence[Slot], queries: Callable[[Slot], dict[str, Query]], decide: Decide
) -> list[Task]:
    """Decide for slots and write what follows; returns the tasks that are outstanding now."""
    asked = {each.key: queries(each) for each in slots}
    if not asked:
        return []
    tasks: list[Task] = []
    with database.transaction() as connection:
        standings = lock(database, connection, slots)
        now = database.now(connection)
        if busy := [key for key, where in standings.items() if where.state == "tasked"]:
            connection.execute(database.statement(_look_again), database.these(busy) | {"now": now})
        free = {key: where for key, where in standings.items() if where.state != "tasked"}
        made = load_made(database, connection, free)
        rows = _granules(database, connection, {query for key in free for query in asked[key].values()})
        changed: dict[str, Standing] = {}
        for key, where in free.items():
            found = {name: rows[query] for name, query in asked[key].items()}
            change = decide(slot_row(where, made.get(key)), found, now)
            if change is None:
                continue
            changed[key] = where
            if _apply(where, change, now) and change.task is not None:
                tasks.append(change.task)
        write(database, connection, changed, now)
    return tasks


def _apply(where: Standing, change: Change, now: datetime) -> bool:
    """Change a standing; False where a task is refused."""
    if change.task is not None:
        if not _may_task(where, change.task, now):
            where.due_at = None if where.state in ENDED else where.due_at
            return False
        if change.task.inputs_hash != where.failed_hash:
            where.attempts = where.setbacks = 0
            where.traceback = ""
        where.token, where.task_hash, where.task_stage = change.task.token, change.task.inputs_hash, change.stage
        where.tasked_at, where.task_published_at = now, None
        where.task = change.task.model_dump_json(exclude_defaults=True)
    where.state, where.due_at, where.waiting_for = change.state, change.due_at, tuple(change.waiting_for)
    where.reason = change.reason
    if change.task is None and not change.waiting_for and change.state in ("made", "void", "hopeless"):
        where.asked = ""
    if change.void:
        where.adopt(_void(where.slot, change, now), change.stage, change.entries)
    if change.promote and where.current is not None and where.current.stage == "provisional":
        where.promoted = True
    return True


def _may_task(where: Standing, task: Task, now: datetime) -> bool:
    if task.inputs_hash != where.failed_hash:
        return True
    backs_off = where.due_at is not None and where.due_at > now
    return where.state not in ENDED and not backs_off


def _void(slot: Slot, change: Change, now: datetime) -> Outcome:
    return Outcome(
        slot=slot,
        version=change.version,
        token="",
        inputs_hash=change.inputs_hash,
        status="void",
        reason=change.void,
        mode=change.mode,
        finished_at=now,
    )


def _granules(database: Database, connection: Connection, queries: Iterable[Query]) -> Mapping[Query, list[Recorded]]:
    """Return, by query, the granules that overlap it, quarantined ones left out."""
    numbered = list(queries)
    found: dict[Query, list[Recorded]] = {query: [] for query in numbered}
    parsed: dict[str, Granule] = {}
    # Two statements at most, because each has an index of its own: for one tile, and for all of them.
    for of_tile in (True, False):
        rows = [
            row
            for number, query in enumerate(numbered)
            if (query.tile is not None) is of_tile
            for row in _rows(number, query)
        ]
        if not rows:
            continue
        statement = database.statement(_overlapping_of_tile if of_tile else _overlapping)
        for number, body, recorded_at in connection.execute(statement, database.rows(QUERY, rows)):
            if body not in parsed:
                parsed[body] = Granule.model_validate_json(body)
            found[numbered[number]].append(Recorded(parsed[body], recorded_at))
    return found


def _rows(number: int, query: Query) -> Iterable[tuple[Any, ...]]:
    """Return a query's rows: one for each collection and class of length, as the indexes are ordered."""
    parts = f",{','.join(query.parts)}," if query.parts else None
    for collection in query.collections:
        for span, longest in enumerate((*SPANS, None)):
            after = BEGINNING if longest is None else query.start - longest
            yield number, collection, span, after, query.start, query.end, query.tile, query.variant, parts


def _look_again(database: Database) -> Update:
    return update(slot).where(database.among(slot.c.key)).values(due_at=bindparam("now", type_=Moment))


def _overlapping_of_tile(database: Database) -> Select[Any]:
    given = database.given(QUERY)
    return _overlap(database, given, granule.c.tile == given.c.wanted_tile)


def _overlapping(database: Database) -> Select[Any]:
    return _overlap(database, database.given(QUERY))


def _overlap(database: Database, given: FromClause, *conditions: ColumnElement[bool]) -> Select[Any]:
    wanted = given.c
    condition = and_(
        granule.c.collection == wanted.wanted_collection,
        granule.c.span == wanted.wanted_span,
        granule.c.start_at >= wanted.wanted_after,
        granule.c.start_at < wanted.wanted_end,
        granule.c.end_at > wanted.wanted_start,
        or_(wanted.wanted_variant.is_(None), granule.c.variant == wanted.wanted_variant),
        or_(wanted.wanted_parts.is_(None), granule.c.void, wanted.wanted_parts.contains("," + granule.c.part + ",")),
        granule.c.quarantine == "",
        *conditions,
    )
    return database.for_each(given, granule, condition, [granule.c.body, granule.c.recorded_at])
