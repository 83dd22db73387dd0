"""Where granules lie: one that was moved is announced again, and the ledger follows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, tuple_, update

from icestream_core.granule import Granule
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import granule


def follow(database: Database, again: Sequence[Granule]) -> int:
    """Take the place of granules that are known already from the announcement that was received last; return how many.

    It counts as no arrival: identity and content are the same, so nothing is made again. A task that is outstanding
    keeps the old place; should it fail there, the next one has the new.
    """
    latest: dict[tuple[str, str], Granule] = {}
    for each in again:
        key = each.granule_id, each.checksum
        if key not in latest or latest[key].received_at <= each.received_at:
            latest[key] = each
    with database.transaction(writes=False) as connection:
        moved = _moved(connection, latest, database.now(connection))
    if not moved:
        return 0
    with database.transaction() as connection:
        # Under lock, because another gatherer may have taken a later place meanwhile.
        moved = _moved(connection, moved, database.now(connection), lock=True)
        for (granule_id, checksum), body in sorted(moved.items()):
            chosen = (granule.c.granule_id == granule_id, granule.c.checksum == checksum)
            text = body.model_dump_json(exclude_defaults=True)
            connection.execute(update(granule).where(*chosen).values(body=text))
    return len(moved)


def _moved(
    connection: Connection, announced: dict[tuple[str, str], Granule], now: datetime, *, lock: bool = False
) -> dict[tuple[str, str], Granule]:
    """Return, of granules that lie elsewhere than the ledger has it, what it should have."""
    chosen = tuple_(granule.c.granule_id, granule.c.checksum).in_(sorted(announced))
    statement = select(granule.c.granule_id, granule.c.checksum, granule.c.body).where(chosen)
    if lock:
        statement = statement.order_by(granule.c.granule_id, granule.c.checksum).with_for_update()
    found: dict[tuple[str, str], Granule] = {}
    for granule_id, checksum, body in connection.execute(statement):
        known, new = Granule.model_validate_json(body), announced[granule_id, checksum]
        # A place that was announced in the future is of a clock that was wrong: it holds nobody up.
        is_later = new.received_at > known.received_at or known.received_at > now
        if is_later and new.assets != known.assets and new.revision == known.revision:
            place = {"assets": new.assets, "received_at": new.received_at}
            found[granule_id, checksum] = known.model_copy(update=place)
    return found
