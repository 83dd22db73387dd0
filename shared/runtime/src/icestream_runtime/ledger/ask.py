"""Asking: slots that a backfill opens, or wants made again, out of the way of new passes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.types import String

from icestream_core.slot import Slot
from icestream_runtime.ledger.contract import Asked, Version
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.intake import open_slots
from icestream_runtime.ledger.schema import make, slot
from icestream_runtime.ledger.standing import slot_of


def ask(database: Database, slots: Sequence[Slot], asked: Asked) -> int:
    """Ask something of slots; returns of how many."""
    wanted = {each.key: each for each in slots}
    chosen = database.among(slot.c.key)
    with database.transaction() as connection:
        now = database.now(connection)
        if asked == "backfill":
            for key in connection.execute(select(slot.c.key).where(chosen), database.these(wanted)).scalars():
                del wanted[key]
            # Opened and asked for at once: who looks in between would hand the slot out as a new pass.
            open_slots(database, connection, wanted, now)
            condition = (slot.c.state == "waiting", slot.c.revision == 0)
        else:
            condition = (slot.c.state.in_(("made", "void")), slot.c.revision > 0)
        locked = select(slot.c.key).where(chosen, *condition).order_by(slot.c.key).with_for_update()
        statement = update(slot).where(slot.c.key.in_(locked), *condition)
        return connection.execute(
            statement.values(asked=bindparam("asked_now", type_=String()), due_at=now),
            database.these(wanted) | {"asked_now": asked},
        ).rowcount


def opened(database: Database, slots: Sequence[Slot]) -> set[str]:
    """Return the keys of those slots that have been opened."""
    chosen = select(slot.c.key).where(database.among(slot.c.key))
    with database.transaction(writes=False) as connection:
        return set(connection.execute(chosen, database.these(each.key for each in slots)).scalars())


def versions(database: Database, product: str, between: tuple[datetime, datetime]) -> list[Version]:
    """Return the versions that made the current revisions of a product."""
    current = (make.c.slot_key == slot.c.key) & (make.c.revision == slot.c.revision)
    start, end = between
    columns = [slot.c[name] for name in ("product", "period", "start_at", "end_at", "tile", "variant")]
    statement = (
        select(*columns, slot.c.state, slot.c.asked, make.c.version)
        .join(make, current)
        .where(slot.c.product == product, slot.c.start_at < end, slot.c.end_at > start)
    )
    with database.transaction(writes=False) as connection:
        rows = connection.execute(statement).mappings()
        return [Version(slot_of(row), row["version"], row["state"], row["asked"]) for row in rows]


def under_way(database: Database, product: str) -> int:
    """Return how many slots of a product were asked for and have no answer yet; dead ones are answered."""
    statement = select(func.count()).where(
        slot.c.product == product, slot.c.asked != "", slot.c.state.in_(("waiting", "tasked", "made", "void"))
    )
    with database.transaction(writes=False) as connection:
        return connection.execute(statement).scalar_one()
