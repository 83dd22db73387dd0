"""Finalising: what workers answer becomes revisions, another attempt, a quarantined granule or a dead slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from icestream_core.outcome import Outcome
from icestream_runtime.ledger.contract import Announceable, Finalised
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.intake import version_of
from icestream_runtime.ledger.schema import granule
from icestream_runtime.ledger.standing import Standing, load_current, lock, write

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
        standings = lock(database, connection, [outcome.slot for outcome in outcomes], with_tasks=True)
        load_current(database, connection, standings)
        quarantined = _quarantine(connection, [each for each in outcomes if _holds(standings, each)], standings)
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
                where.adopt(outcome, stage, where.outstanding)
                where.task = ""
                adopted = True
            results.append(_finalised(where, adopted=adopted, now=now, outcome=outcome))
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


def _finalised(
    where: Standing | None, *, adopted: bool, now: datetime | None = None, outcome: Outcome | None = None
) -> Finalised:
    if where is None:
        return Finalised(adopted=False, revision=0, attempts=0, dead=False)
    due = now is not None and where.due_at is not None and where.due_at <= now
    new = where.made if where.made is not None and where.made.outcome is outcome else None
    announceable = Announceable(where.slot, new.outcome, where.revision, new.stage, now) if new and now else None
    return Finalised(adopted, where.revision, where.attempts, where.state == "dead", due, announceable)


def _quarantine(connection: Connection, outcomes: Sequence[Outcome], standings: Mapping[str, Standing]) -> set[str]:
    """Quarantine the granules at fault; returns the tokens of outcomes that name one which the ledger knows."""
    tokens = set()
    named = [outcome for outcome in outcomes if outcome.fault == "granule" and outcome.granule_id]
    for outcome in sorted(named, key=lambda each: each.granule_id):
        checksums = [outcome.granule_checksum] if outcome.granule_checksum else []
        checksums = checksums or [
            checksum
            for _, granule_id, checksum, _ in standings[outcome.slot.key].outstanding
            if granule_id == outcome.granule_id
        ]
        statement = update(granule).where(
            granule.c.granule_id == outcome.granule_id, granule.c.checksum.in_(sorted(set(checksums)))
        )
        if connection.execute(statement.values(quarantine=outcome.reason or "at fault")).rowcount:
            tokens.add(outcome.token)
    return tokens
