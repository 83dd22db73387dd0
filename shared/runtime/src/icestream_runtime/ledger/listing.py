"""What people and gauges ask the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, text

from icestream_core.granule import Granule
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot, SlotState
from icestream_core.task import Task
from icestream_runtime.ledger.contract import SlotRow
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import DUE, granule, letter, make, make_input, product, slot
from icestream_runtime.ledger.standing import KEPT, load_made, slot_of, slot_row, standing

OF_SLOT = [slot.c[name] for name in ("product", "period", "tile", "variant", "start_at", "end_at")]


def records(database: Database) -> list[dict[str, Any]]:
    with database.transaction(writes=False) as connection:
        return [
            json.loads(text) for text in connection.execute(select(product.c.record).order_by(product.c.name)).scalars()
        ]


def due(database: Database, limit: int) -> list[Slot]:
    """Return slots whose time has come, the longest due first."""
    with database.transaction(writes=False) as connection:
        # As text, because only then do both planners see that the index on it serves.
        statement = select(*KEPT).where(text(DUE), slot.c.due_at <= database.now(connection))
        rows = connection.execute(statement.order_by(slot.c.due_at).limit(limit)).mappings()
        return [slot_of(row) for row in rows]


def slots(
    database: Database,
    *,
    key: str | None = None,
    product: str | None = None,
    state: SlotState | None = None,
    reason: str = "",
    older_than_seconds: float | None = None,
    limit: int = 1000,
) -> list[SlotRow]:
    """List slots, the latest changed first."""
    statement = select(*KEPT).order_by(slot.c.updated_at.desc(), slot.c.key).limit(limit)
    if key is not None:
        statement = statement.where(slot.c.key == key)
    if product is not None:
        statement = statement.where(slot.c.product == product)
    if reason:
        statement = statement.where(slot.c.reason.contains(reason, autoescape=True))
    if state is not None:
        statement = statement.where(slot.c.state == state)
    with database.transaction(writes=False) as connection:
        if older_than_seconds is not None:
            before = database.now(connection) - timedelta(seconds=older_than_seconds)
            statement = statement.where(slot.c.updated_at <= before)
        found = {row["key"]: standing(row) for row in connection.execute(statement).mappings()}
        made = load_made(database, connection, found)
        return [slot_row(where, made.get(key)) for key, where in found.items()]


def task(database: Database, key: str) -> Task | None:
    with database.transaction(writes=False) as connection:
        body = connection.execute(select(slot.c.task).where(slot.c.key == key)).scalar()
        return Task.model_validate_json(body) if body else None


def history(database: Database, key: str) -> list[dict[str, Any]]:
    """Return the makes of a slot, the first revision first."""
    with database.transaction(writes=False) as connection:
        current = connection.execute(select(slot.c.revision).where(slot.c.key == key)).scalar()
        makes = connection.execute(select(make).where(make.c.slot_key == key).order_by(make.c.revision)).mappings()
        found = {row["id"]: _made(row) | {"current": row["revision"] == current, "inputs": []} for row in makes}
        statement = select(make_input).where(database.among(make_input.c.make_id))
        ordered = statement.order_by(make_input.c.input, make_input.c.step, make_input.c.granule_id)
        for row in connection.execute(ordered, database.these(found)).mappings():
            entry = {name: row[name] for name in ("input", "granule_id", "checksum", "step")}
            found[row["make_id"]]["inputs"].append(entry)
        return list(found.values())


def recent(database: Database, limit: int) -> list[dict[str, Any]]:
    """Return the makes finalised last, the last first."""
    return _makes(database, _finalised().order_by(make.c.finalised_at.desc(), make.c.id.desc()).limit(limit))


def finalised(database: Database, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Return the makes finalised since a time, the first first."""
    later = _finalised().where(make.c.finalised_at >= since)
    return _makes(database, later.order_by(make.c.finalised_at, make.c.id).limit(limit))


def _finalised() -> Select[Any]:
    current = (slot.c.revision == make.c.revision).label("current")
    return select(make, *OF_SLOT, current).join(slot, slot.c.key == make.c.slot_key)


def _makes(database: Database, statement: Select[Any]) -> list[dict[str, Any]]:
    with database.transaction(writes=False) as connection:
        return [
            _made(row)
            | {"slot": row["slot_key"], "current": row["current"]}
            | {column.name: row[column.name] for column in OF_SLOT}
            for row in connection.execute(statement).mappings()
        ]


def granules(
    database: Database,
    collection: str | None,
    quarantined: bool | None,
    between: tuple[datetime, datetime] | None,
    named: Sequence[str] | None,
    reason: str,
    older_than_seconds: float | None,
    limit: int,
) -> list[tuple[Granule, str]]:
    """List granules, the latest recorded first, each with its quarantine reason or nothing."""
    wanted: list[ColumnElement[bool]] = []
    if collection is not None:
        wanted.append(granule.c.collection == collection)
    if between is not None:
        start, end = between
        wanted += [granule.c.start_at < end, granule.c.end_at > start]
    if quarantined is not None:
        wanted.append(text("quarantine <> ''") if quarantined else text("quarantine = ''"))  # type: ignore[arg-type]
    if named is not None:
        wanted.append(database.among(granule.c.granule_id))
    if reason:
        wanted.append(granule.c.quarantine.contains(reason, autoescape=True))
    with database.transaction(writes=False) as connection:
        if older_than_seconds is not None:
            wanted.append(granule.c.recorded_at <= database.now(connection) - timedelta(seconds=older_than_seconds))
        statement = select(granule.c.body, granule.c.quarantine).where(*wanted)
        ordered = statement.order_by(granule.c.recorded_at.desc(), granule.c.granule_id).limit(limit)
        rows = connection.execute(ordered, database.these(named) if named is not None else {})
        return [(Granule.model_validate_json(body), reason) for body, reason in rows]


def letters(database: Database, limit: int) -> list[dict[str, Any]]:
    statement = select(letter).order_by(letter.c.received_at.desc()).limit(limit)
    with database.transaction(writes=False) as connection:
        return [
            {
                "received_at": row["received_at"],
                "queue": row["queue"],
                "reason": row["reason"],
                "size": len(row["body"]),
                "headers": json.loads(row["headers"]),
                "body": row["body"],
            }
            for row in connection.execute(statement).mappings()
        ]


def counts(database: Database) -> dict[str, dict[str, int]]:
    """Return slots by product and state."""
    found: dict[str, dict[str, int]] = {}
    statement = select(slot.c.product, slot.c.state, func.count()).group_by(slot.c.product, slot.c.state)
    with database.transaction(writes=False) as connection:
        for name, state, count in connection.execute(statement):
            found.setdefault(name, {})[state] = count
    return found


def unusable(database: Database) -> tuple[int, int]:
    """Return how many granules are quarantined, and how many letters are kept."""
    quarantined = select(func.count()).select_from(granule).where(text("quarantine <> ''"))
    with database.transaction(writes=False) as connection:
        return (
            connection.execute(quarantined).scalar_one(),
            connection.execute(select(func.count()).select_from(letter)).scalar_one(),
        )


def _made(row: RowMapping) -> dict[str, Any]:
    outcome = Outcome.model_validate_json(row["body"])
    return {
        "revision": row["revision"],
        "stage": row["stage"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "inputs_hash": row["inputs_hash"],
        "version": row["version"],
        "manifest": outcome.manifest.model_dump(mode="json") if outcome.manifest else None,
        "seconds": outcome.seconds,
        "worker": outcome.worker,
        "mode": outcome.mode,
        "finalised_at": row["finalised_at"],
        "announced_at": row["announced_at"],
    }
