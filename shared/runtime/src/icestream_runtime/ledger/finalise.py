"""Finalising: what workers answer becomes revisions, another attempt, a quarantined granule or a dead slot."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from icestream_core.outcome import Outcome
from icestream_runtime.ledger.contract import Finalised
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.intake import version_of
from icestream_runtime.ledger.schema import granule, slot
from icestream_runtime.ledger.standing import Entries, Standing, load_current, lock, write

Backoff = Callable[[int], float]
"""Failures in a row -> seconds until the next attempt."""


def finalise(
    database: Database, outcomes: Sequence[Outcome], max_attempts: int, backoff_seconds: Backoff
) -> list[Finalised]:
    """Write outcomes in the order given; the first that ends a slot's task is the one that counts."""
    if not outcomes:
        return []
    results = []
    with database.transaction() as connection:
        standings = lock(database, connection, [outcome.slot for outcome in outcomes])
        load_current(database, connection, standings)
        entries = _task_entries(database, connection, [key for key, where in standings.items() if where.token])
        quarantined = _quarantine(connection, [each for each in outcomes if _holds(standings, each)], entries)
        now = database.now(connection)
        changed: dict[str, Standing] = {}
        for outcome in outcomes:
            where = standings.get(outcome.slot.key)
            if where is None or not _counts(where, outcome):
                results.append(_finalised(where, adopted=False))
                continue
            changed[outcome.slot.key] = where
            stage = where.task_stage
            where.end_task()
            if outcome.status == "failed":
                _fail(where, outcome, now, max_attempts, backoff_seconds, quarantined=outcome.token in quarantined)
                adopted = False
            elif _is_older(where, outcome):
                _postpone(where, outcome, now, backoff_seconds)
                adopted = False
            else:
                where.adopt(outcome, stage, entries[outcome.slot.key])
                where.task = ""
                adopted = True
            results.append(_finalised(where, adopted=adopted, now=now))
        write(database, connection, changed, now)
    return results


def _holds(standings: Mapping[str, Standing], outcome: Outcome) -> bool:
    where = standings.get(outcome.slot.key)
    return where is not None and where.state == "tasked" and where.token == outcome.token


def _counts(where: Standing, outcome: Outcome) -> bool:
    """Whether an outcome ends the outstanding task: by its token, or, if it brings a result, by the same inputs."""
    if where.state != "tasked":
        return False
    return where.token == outcome.token or (outcome.status != "failed" and where.task_hash == outcome.inputs_hash)


def _is_older(where: Standing, outcome: Outcome) -> bool:
    return where.current is not None and version_of(outcome.version) < version_of(where.current.version)


def _fail(
    where: Standing, outcome: Outcome, now: datetime, max_attempts: int, backoff_seconds: Backoff, *, quarantined: bool
) -> None:
    where.state, where.waiting_for = "waiting", ()
    where.reason, where.traceback, where.failed_hash = outcome.reason, outcome.traceback, outcome.inputs_hash
    if quarantined:
        where.due_at = now
    elif outcome.fault == "storage":
        where.setbacks += 1
        where.due_at = now + timedelta(seconds=backoff_seconds(where.setbacks))
    else:
        where.attempts += 1
        if where.attempts >= max_attempts:
            where.state, where.due_at = "dead", None
        else:
            where.due_at = now + timedelta(seconds=backoff_seconds(where.attempts))


def _postpone(where: Standing, outcome: Outcome, now: datetime, backoff_seconds: Backoff) -> None:
    """An older version never supersedes a newer one: wait until the workers have been brought up to date."""
    newer = where.current.version if where.current else ""
    where.state, where.failed_hash = "waiting", outcome.inputs_hash
    where.setbacks += 1
    where.due_at = now + timedelta(seconds=backoff_seconds(where.setbacks))
    where.reason = (
        f"made by version {outcome.version}, but revision {where.revision} is of version {newer}, and an older one "
        f"never supersedes a newer one. Bring the workers of {where.slot.product} up to date"
    )


def _finalised(where: Standing | None, *, adopted: bool, now: datetime | None = None) -> Finalised:
    if where is None:
        return Finalised(adopted=False, revision=0, attempts=0, dead=False)
    due = now is not None and where.due_at is not None and where.due_at <= now
    return Finalised(adopted, where.revision, where.attempts, where.state == "dead", due)


def _task_entries(database: Database, connection: Connection, keys: Sequence[str]) -> dict[str, Entries]:
    """Return what the outstanding tasks of slots are made from."""
    if not keys:
        return {}
    rows = connection.execute(database.statement(_tasks), database.these(keys))
    return {key: _entries(json.loads(body)) for key, body in rows if body}


def _tasks(database: Database) -> Select[Any]:
    return select(slot.c.key, slot.c.task).where(database.among(slot.c.key))


def _entries(task: Mapping[str, Any]) -> Entries:
    return [
        (name, entry["granule"]["granule_id"], entry["granule"]["checksum"], entry.get("step", 0))
        for name, entries in task["inputs"].items()
        for entry in entries
    ]


def _quarantine(connection: Connection, outcomes: Sequence[Outcome], entries: Mapping[str, Entries]) -> set[str]:
    """Quarantine the granules at fault; returns the tokens of outcomes that name one which the ledger knows."""
    tokens = set()
    named = [outcome for outcome in outcomes if outcome.fault == "granule" and outcome.granule_id]
    for outcome in sorted(named, key=lambda each: each.granule_id):
        checksums = [outcome.granule_checksum] if outcome.granule_checksum else []
        checksums = checksums or [
            checksum for _, granule_id, checksum, _ in entries[outcome.slot.key] if granule_id == outcome.granule_id
        ]
        statement = update(granule).where(
            granule.c.granule_id == outcome.granule_id, granule.c.checksum.in_(sorted(set(checksums)))
        )
        if connection.execute(statement.values(quarantine=outcome.reason or "at fault")).rowcount:
            tokens.add(outcome.token)
    return tokens
