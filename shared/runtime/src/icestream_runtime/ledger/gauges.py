"""What gauges ask the ledger: what waits and for what, what is overdue, what came last. All of it by indexes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from icestream_core.granule import Granule
from icestream_runtime.ledger.contract import Waiting
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import DUE, SPANS, granule, slot


def waiting(database: Database) -> list[Waiting]:
    """Return the slots in state `waiting`, by what they wait for."""
    columns = slot.c.product, slot.c.waiting_for
    statement = select(*columns, func.count()).where(slot.c.state == "waiting").group_by(*columns)
    with database.transaction(writes=False) as connection:
        return [Waiting(name, tuple(json.loads(words)), count) for name, words, count in connection.execute(statement)]


def overdue(database: Database, seconds: float) -> dict[str, int]:
    """Return, by product, how many slots have been due for so long."""
    with database.transaction(writes=False) as connection:
        before = database.now(connection) - timedelta(seconds=seconds)
        statement = select(slot.c.product, func.count()).where(text(DUE), slot.c.due_at <= before)
        return {row[0]: row[1] for row in connection.execute(statement.group_by(slot.c.product))}


def latest_granules(database: Database) -> list[tuple[Granule, datetime]]:
    """Return of each collection the latest observation that was recorded, and when."""
    latest: dict[str, tuple[Granule, datetime]] = {}
    with database.transaction(writes=False) as connection:
        for name in connection.execute(select(granule.c.collection).distinct()).scalars().all():
            for length in range(len(SPANS) + 1):
                statement = (
                    select(granule.c.body, granule.c.recorded_at)
                    .where(granule.c.collection == name, granule.c.span == length)
                    .order_by(granule.c.start_at.desc())
                    .limit(1)
                )
                for body, at in connection.execute(statement):
                    found = Granule.model_validate_json(body)
                    known = latest.get(name)
                    if known is None or found.start > known[0].start:
                        latest[name] = found, at
    return list(latest.values())
