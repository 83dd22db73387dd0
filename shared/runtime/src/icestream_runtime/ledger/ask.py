"""Asking: slots that a backfill opens, or wants made again, out of the way of new passes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.types import String

from icestream_core.slot import Slot
from icestream_runtime.ledger.contract import Asked
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.intake import open_slots
from icestream_runtime.ledger.schema import make, slot


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


def versions(database: Database, product: str) -> dict[str, str]:
    """Return the versions that made the current revisions of a product, by the slot's key."""
    current = (make.c.slot_key == slot.c.key) & (make.c.revision == slot.c.revision)
    statement = select(slot.c.key, make.c.version).join(make, current).where(slot.c.product == product)
    with database.transaction(writes=False) as connection:
        return {row.key: row.version for row in connection.execute(statement)}


def under_way(database: Database, product: str) -> int:
    """Return how many slots of a product were asked for and have no answer yet; dead ones are answered."""
    statement = select(func.count()).where(
        slot.c.product == product, slot.c.asked != "", slot.c.state.in_(("waiting", "tasked", "made", "void"))
    )
    with database.transaction(writes=False) as connection:
        return connection.execute(statement).scalar_one()
