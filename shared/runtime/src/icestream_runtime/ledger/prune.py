"""Forgetting: what was replaced long ago and is wanted by nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, or_, select

from icestream_core.outcome import Outcome
from icestream_core.slot import Slot
from icestream_runtime.ledger.contract import Superseded
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import granule, letter, make, make_input, slot
from icestream_runtime.ledger.standing import lock, slot_of


def superseded(database: Database, older_than_seconds: float, limit: int) -> list[Superseded]:
    """Return makes that another has replaced; a void one has no files."""
    current = make.alias("current")
    columns = [slot.c[name] for name in ("product", "period", "start_at", "end_at", "tile", "variant")]
    with database.transaction(writes=False) as connection:
        before = database.now(connection) - timedelta(seconds=older_than_seconds)
        statement = (
            select(make.c.revision, make.c.inputs_hash, make.c.body, *columns)
            .join(slot, slot.c.key == make.c.slot_key)
            .join(current, (current.c.slot_key == slot.c.key) & (current.c.revision == slot.c.revision))
            # Not only it must be old: it was the current one until the next came.
            .where(make.c.revision < slot.c.revision, current.c.finalised_at <= before)
            .order_by(make.c.finalised_at)
            .limit(limit)
        )
        found = [
            Superseded(slot_of(row), row["revision"], row["inputs_hash"], _href(row["body"]))
            for row in connection.execute(statement).mappings()
        ]
        read = _read_by_tasks(connection)
    return [each for each in found if not each.href or each.href not in read]


def forget_revision(database: Database, old: Superseded, remove: Callable[[], object]) -> bool:
    """Remove the files under the slot's lock: who wants the same inputs again must look first, and waits for it.

    Killed between the files and the commit, the make is still there, and is forgotten the next time.
    """
    chosen = (
        make.c.slot_key == old.slot.key,
        make.c.inputs_hash == old.inputs_hash,
        make.c.revision == old.revision,
    )
    with database.transaction() as connection:
        where = lock(database, connection, [old.slot]).get(old.slot.key)
        if where is None or where.task_hash == old.inputs_hash or where.revision == old.revision:
            return False
        number = connection.execute(select(make.c.id).where(*chosen)).scalar()
        if number is None:
            return False
        connection.execute(delete(make_input).where(make_input.c.make_id == number))
        connection.execute(delete(make).where(make.c.id == number))
        remove()
    return True


def results(database: Database, product: str) -> dict[Slot, set[str]]:
    """Return the slots of a product, each with the inputs hashes that it has results of or is being made of."""
    columns = [slot.c[name] for name in ("product", "period", "start_at", "end_at", "tile", "variant", "task_hash")]
    statement = (
        select(*columns, make.c.inputs_hash)
        .outerjoin(make, make.c.slot_key == slot.c.key)
        .where(slot.c.product == product)
    )
    found: dict[Slot, set[str]] = {}
    with database.transaction(writes=False) as connection:
        for row in connection.execute(statement).mappings():
            found.setdefault(slot_of(row), set()).update({row["task_hash"], row["inputs_hash"]} - {"", None})
    return found


def forget_directory(database: Database, of: Slot, beginning: str, remove: Callable[[], object]) -> bool:
    """Remove a directory under the slot's lock: meanwhile nobody can be told to make the slot of these inputs.

    An outcome counts only while its slot is tasked with the same inputs: one that is on its way cannot name it either.
    """
    with database.transaction() as connection:
        where = lock(database, connection, [of]).get(of.key)
        if where is None or where.task_hash.startswith(beginning):
            return False
        named = select(make.c.id).where(make.c.slot_key == of.key, make.c.inputs_hash.startswith(beginning))
        if connection.execute(named).first() is not None:
            return False
        remove()
    return True


def forget_granules(database: Database, older_than_seconds: float, *, dry_run: bool) -> int:
    """Forget announcements of revisions that a later one has replaced.

    Observations stay: which of two corrections holds is told by both.
    """
    later = granule.alias("later")
    with database.transaction(writes=not dry_run) as connection:
        before = database.now(connection) - timedelta(seconds=older_than_seconds)
        replaced = exists().where(
            later.c.granule_id == granule.c.granule_id,
            later.c.recorded_at <= before,
            or_(
                later.c.revision > granule.c.revision,
                and_(later.c.revision == granule.c.revision, later.c.recorded_at > granule.c.recorded_at),
            ),
        )
        old = (granule.c.revision > 0, granule.c.recorded_at <= before, replaced)
        return _forget(connection, granule, old, dry_run=dry_run)


def forget_letters(database: Database, older_than_seconds: float, *, dry_run: bool) -> int:
    """Forget messages that nobody could read."""
    with database.transaction(writes=not dry_run) as connection:
        before = database.now(connection) - timedelta(seconds=older_than_seconds)
        return _forget(connection, letter, (letter.c.received_at <= before,), dry_run=dry_run)


def _forget(connection: Connection, table: Table, old: tuple[ColumnElement[bool], ...], *, dry_run: bool) -> int:
    if dry_run:
        counted: int = connection.execute(select(func.count()).select_from(table).where(*old)).scalar_one()
        return counted
    return connection.execute(delete(table).where(*old)).rowcount


def _href(body: str) -> str:
    manifest = Outcome.model_validate_json(body).manifest
    return manifest.href if manifest else ""


def _read_by_tasks(connection: Connection) -> set[str]:
    """Return the directories that outstanding tasks read from."""
    tasks = connection.execute(select(slot.c.task).where(slot.c.state == "tasked", slot.c.task.is_not(None))).scalars()
    return {href.rpartition("/")[0] for body in tasks for href in _hrefs(json.loads(body))}


def _hrefs(task: dict[str, Any]) -> list[str]:
    entries = [entry for entries in task["inputs"].values() for entry in entries]
    return [asset["href"] for entry in entries for asset in entry["granule"].get("assets", ())]
