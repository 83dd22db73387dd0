"""What was given up: slots and granules that somebody puts aside or forgets."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.types import String

from icestream_core.slot import Slot
from icestream_runtime.ledger.database import Columns, Database
from icestream_runtime.ledger.schema import granule, slot

DROPPED = ("dead", "parked", "hopeless")
KEY: Columns = {"dropped_id": String(), "dropped_checksum": String()}


def park(database: Database, slots: Sequence[Slot]) -> int:
    """Put dead slots aside."""
    dead = (database.among(slot.c.key), slot.c.state == "dead")
    with database.transaction() as connection:
        locked = select(slot.c.key).where(*dead).order_by(slot.c.key).with_for_update()
        now = database.now(connection)
        statement = update(slot).where(slot.c.key.in_(locked), slot.c.state == "dead")
        parked = statement.values(state="parked", updated_at=now)
        return connection.execute(parked, database.these(each.key for each in slots)).rowcount


def drop_slots(database: Database, slots: Sequence[Slot]) -> int:
    """Forget slots that were given up and never made. What was made once has makes, and stays."""
    ended = (slot.c.state.in_(DROPPED), slot.c.revision == 0)
    with database.transaction() as connection:
        locked = select(slot.c.key).where(database.among(slot.c.key), *ended).order_by(slot.c.key).with_for_update()
        statement = delete(slot).where(slot.c.key.in_(locked), *ended)
        return connection.execute(statement, database.these(each.key for each in slots)).rowcount


def drop_granules(database: Database, keys: Sequence[tuple[str, str]]) -> int:
    """Forget granules that are quarantined."""
    given = database.given(KEY)
    chosen = tuple_(granule.c.granule_id, granule.c.checksum).in_(select(*given.c))
    with database.transaction() as connection:
        statement = delete(granule).where(chosen, granule.c.quarantine != "")
        return connection.execute(statement, database.rows(KEY, sorted(keys))).rowcount
