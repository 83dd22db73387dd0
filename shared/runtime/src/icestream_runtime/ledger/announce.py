"""What has to go out: tasks and current revisions whose confirm was never seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Update, and_, bindparam, exists, or_, select, text, update

from icestream_core.outcome import Outcome
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_runtime.ledger.contract import Announceable
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import UNANNOUNCED, UNPUBLISHED, Moment, granule, make, slot
from icestream_runtime.ledger.standing import hold, slot_of


def task_published(database: Database, tasks: Sequence[Task]) -> None:
    """Mark tasks as published, where their token still holds."""
    if not tasks:
        return
    with database.transaction(single=len(tasks) == 1) as connection:
        if len(tasks) > 1:
            hold(database, connection, [task.slot for task in tasks])
        now = database.now(connection)
        rows = [{"of_slot": task.slot.key, "held": task.token, "now": now} for task in tasks]
        connection.execute(database.statement(_published), rows)


def unpublished_tasks(database: Database, older_than_seconds: float, limit: int) -> list[Task]:
    """Return outstanding tasks that were never marked as published, the oldest first."""
    with database.transaction(writes=False) as connection:
        before = database.now(connection) - timedelta(seconds=older_than_seconds)
        statement = (
            select(slot.c.task)
            # As text, because only then do both planners see that the index on it serves.
            .where(text(UNPUBLISHED), slot.c.tasked_at <= before)
            .order_by(slot.c.tasked_at)
            .limit(limit)
        )
        return [Task.model_validate_json(body) for body in connection.execute(statement).scalars()]


def republish(database: Database, read: Sequence[str]) -> int:
    """Forget that outstanding tasks were published, and announcements of the products in `read` that were lost."""
    outstanding = slot.c.state == "tasked"
    with database.transaction() as connection:
        locked = select(slot.c.key).where(outstanding).order_by(slot.c.key).with_for_update()
        statement = update(slot).where(slot.c.key.in_(locked), outstanding)
        tasks = _count(connection, statement.values(task_published_at=None))
        return tasks + _count(connection, update(make).where(*_lost(read)).values(announced_at=None))


def _lost(read: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Return what tells a current revision that was announced and never recorded as a granule."""
    came_back = exists().where(
        granule.c.granule_id == make.c.slot_key,
        or_(
            granule.c.revision > make.c.revision,
            and_(granule.c.revision == make.c.revision, granule.c.stage.in_([make.c.stage, "final"])),
        ),
    )
    current = exists().where(
        slot.c.key == make.c.slot_key, slot.c.revision == make.c.revision, slot.c.product.in_(list(read))
    )
    return make.c.announced_at.is_not(None), current, ~came_back


def to_announce(
    database: Database, slots: Sequence[Slot] | None, older_than_seconds: float, limit: int
) -> list[Announceable]:
    """Return current revisions that were not announced, the oldest first."""
    if slots is not None and not slots:
        return []
    with database.transaction(writes=False, single=True) as connection:
        parameters: dict[str, Any] = {}
        if slots is None:
            statement = database.statement(_unannounced).limit(limit)
        else:
            statement = database.statement(_unannounced_of_slots)
            parameters = database.these(each.key for each in slots)
        if older_than_seconds > 0:
            before = database.now(connection) - timedelta(seconds=older_than_seconds)
            statement = statement.where(make.c.finalised_at <= before)
        return [
            Announceable(
                slot=slot_of(row),
                outcome=Outcome.model_validate_json(row["body"]),
                revision=row["revision"],
                stage=row["stage"],
                finalised_at=row["finalised_at"],
            )
            for row in connection.execute(statement, parameters).mappings()
        ]


def announced(database: Database, entries: Sequence[Announceable]) -> None:
    """Mark revisions as announced, where number and stage still hold."""
    if not entries:
        return
    with database.transaction(single=len(entries) == 1) as connection:
        if len(entries) > 1:
            hold(database, connection, [entry.slot for entry in entries])
        now = database.now(connection)
        rows = [
            {"of_slot": entry.slot.key, "number": entry.revision, "held": entry.stage, "now": now} for entry in entries
        ]
        connection.execute(database.statement(_announced), rows)


def _published(_database: Database) -> Update:
    held = (slot.c.key == bindparam("of_slot"), slot.c.token == bindparam("held"))
    return update(slot).where(*held).values(task_published_at=bindparam("now", type_=Moment))


def _announced(_database: Database) -> Update:
    held = (
        make.c.slot_key == bindparam("of_slot"),
        make.c.revision == bindparam("number"),
        make.c.stage == bindparam("held"),
    )
    return update(make).where(*held).values(announced_at=bindparam("now", type_=Moment))


def _unannounced(_database: Database) -> Select[Any]:
    columns = [slot.c[name] for name in ("product", "period", "start_at", "end_at", "tile", "variant")]
    return (
        select(make.c.body, make.c.revision, make.c.stage, make.c.finalised_at, *columns)
        .join(slot, (slot.c.key == make.c.slot_key) & (slot.c.revision == make.c.revision))
        .where(text(UNANNOUNCED))
        .order_by(make.c.finalised_at)
    )


def _unannounced_of_slots(database: Database) -> Select[Any]:
    return _unannounced(database).where(database.among(make.c.slot_key))


def _count(connection: Connection, statement: Any) -> int:
    changed: int = connection.execute(statement).rowcount
    return changed
