"""What comes in: product records, granules, letters that nobody can read, and the slots that granules touch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import String

from icestream_core.errors import RecordError
from icestream_core.granule import Granule
from icestream_core.slot import Slot
from icestream_core.touch import Touch
from icestream_runtime.ledger.database import Columns, Database, Insert
from icestream_runtime.ledger.place import follow
from icestream_runtime.ledger.schema import granule, letter, product, slot, span
from icestream_runtime.ledger.standing import slot_of

MOST_WAITING = 1000
"""Waiting slots that are returned for one ancillary; all are due, and the ticker takes the others in its turn."""

OPENED = "opened_"
"""Begins the names of a slot's values where a granule's stand beside them."""

TOUCH: Columns = dict.fromkeys(("touched_product", "touched_period", "touched_tile", "touched_variant"), String())


def version_of(text: str) -> tuple[int, ...]:
    """Return a version so that it sorts; nothing is older than any."""
    try:
        return tuple(int(number) for number in text.split(".")) if text else ()
    except ValueError:
        raise RecordError(f"version {text!r} is not of the form 1.2.3") from None


def register(database: Database, record: Mapping[str, Any]) -> bool:
    """Keep a record unless a newer one is kept."""
    name, version = str(record["name"]), str(record["version"])
    with database.transaction() as connection:
        row = {
            "name": name,
            "version": version,
            "record": json.dumps(record),
            "registered_at": database.now(connection),
        }
        first = database.insert(product).on_conflict_do_nothing().returning(product.c.name)
        if connection.execute(first, [row]).first() is not None:
            return True
        kept = select(product.c.version).where(product.c.name == name).with_for_update()
        if version_of(version) < version_of(connection.execute(kept).scalar_one()):
            return False
        connection.execute(update(product).where(product.c.name == name), row)
        return True


def record_granules(database: Database, granules: Sequence[Granule], opening: Sequence[Slot]) -> list[bool]:
    """Insert granules, and slots; an announcement of a higher revision or stage replaces the one of the same files.

    What is known already may have been moved: then its new place is taken.
    """
    if not granules:
        return []
    latest: dict[tuple[str, str], Granule] = {}
    for each in granules:
        known = latest.get((each.granule_id, each.checksum))
        if known is None or _rank(each) > _rank(known):
            latest[each.granule_id, each.checksum] = each
    with database.transaction(single=len(latest) == 1 and len(opening) <= 1) as connection:
        now = database.now(connection)
        # Should it end between the two, whoever sends the granule again opens its slot.
        # In the order of their keys, so that two who insert the same never wait for each other.
        rows = [_granule_row(latest[key]) | {"recorded_at": now} for key in sorted(latest)]
        if database.inserts_two and len(rows) == len(opening) == 1:
            opened = {f"{OPENED}{name}": value for name, value in _slot_row(opening[0], now).items()}
            done = connection.execute(database.statement(_recorded_and_opened), rows[0] | opened).all()
        else:
            done = connection.execute(database.statement(_recorded), rows).all()
            open_slots(database, connection, {each.key: each for each in opening}, now)
        written = {(granule_id, checksum) for granule_id, checksum in done}
    if again := [each for each in granules if (each.granule_id, each.checksum) not in written]:
        follow(database, again)
    found = []
    for each in granules:
        key = each.granule_id, each.checksum
        found.append(key in written)
        written.discard(key)
    return found


def slots_touched(database: Database, touches: Sequence[Touch]) -> list[Slot]:
    """Open slots and find existing ones, in up to three transactions."""
    unique = dict.fromkeys(touches)
    opened = {touch.slot().key: touch.slot() for touch in unique if touch.opens}
    found: dict[str, Slot] = {}
    if opened:
        with database.transaction() as connection:
            open_slots(database, connection, opened, database.now(connection))
    rows = [
        (touch.product, touch.interval.label, touch.tile, touch.variant)
        for touch in unique
        if touch.interval is not None and not touch.opens
    ]
    if rows:
        with database.transaction(writes=False, single=True) as connection:
            concerned = connection.execute(database.statement(_concerned), database.rows(TOUCH, rows))
            for row in concerned.mappings():
                found[row["key"]] = slot_of(row)
    for touch in unique:
        if touch.interval is None:
            found |= {each.key: each for each in _waiting(database, touch)}
    return list((found | opened).values())


def keep_letter(database: Database, queue: str, reason: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Keep a message; False where it is kept already."""
    with database.transaction() as connection:
        row = {
            "digest": hashlib.sha256(queue.encode() + b"\n" + body).hexdigest(),
            "received_at": database.now(connection),
            # PostgreSQL keeps no NUL, and who sent the letter may have written one.
            "queue": queue.replace("\x00", ""),
            "reason": reason,
            "headers": json.dumps(dict(headers)),
            "body": body,
        }
        kept = database.insert(letter).on_conflict_do_nothing().returning(letter.c.digest)
        return connection.execute(kept, [row]).first() is not None


def _rank(each: Granule) -> tuple[int, bool]:
    return each.revision, each.stage == "final"


def _granule_row(each: Granule) -> dict[str, Any]:
    return {
        "granule_id": each.granule_id,
        "checksum": each.checksum,
        "collection": each.collection,
        "tile": each.tile,
        "variant": each.variant,
        "part": each.part,
        "void": bool(each.void),
        "start_at": each.start,
        "end_at": each.end,
        "span": span(each.start, each.end),
        "revision": each.revision,
        "stage": each.stage,
        "body": each.model_dump_json(exclude_defaults=True),
    }


def _recorded(database: Database) -> ReturningInsert[Any]:
    insert = database.insert(granule)
    new = insert.excluded
    higher = or_(
        new.revision > granule.c.revision,
        and_(new.revision == granule.c.revision, granule.c.stage == "provisional", new.stage == "final"),
    )
    names = ("revision", "stage", "void", "body", "recorded_at")
    return insert.on_conflict_do_update(
        index_elements=["granule_id", "checksum"], set_={name: new[name] for name in names}, where=higher
    ).returning(granule.c.granule_id, granule.c.checksum)


def _recorded_and_opened(database: Database) -> ReturningInsert[Any]:
    """Insert a granule and, beside it, a slot."""
    given = {
        each.name: bindparam(f"{OPENED}{each.name}", type_=each.type) for each in slot.c if each is not slot.c.task
    }
    return _recorded(database).add_cte(_opened(database).values(given).cte("opened"))


def _known(database: Database) -> Select[Any]:
    return select(slot.c.key).where(database.among(slot.c.key))


def _concerned(database: Database) -> Select[Any]:
    given = database.given(TOUCH)
    condition = and_(
        slot.c.product == given.c.touched_product,
        slot.c.period == given.c.touched_period,
        or_(given.c.touched_tile.is_(None), slot.c.tile == given.c.touched_tile),
        or_(given.c.touched_variant.is_(None), slot.c.variant == given.c.touched_variant),
    )
    columns = [slot.c[name] for name in ("key", "product", "period", "start_at", "end_at", "tile", "variant")]
    return database.for_each(given, slot, condition, columns)


def open_slots(database: Database, connection: Connection, slots: Mapping[str, Slot], now: datetime) -> None:
    """Insert slots that are not there yet, in the order of their keys; they are due at once."""
    missing = set(slots)
    if len(missing) > 1:
        # Most of many are there already, and asking for all at once costs less than to try each.
        missing -= set(connection.execute(database.statement(_known), database.these(missing)).scalars())
    if not missing:
        return
    rows = [_slot_row(slots[key], now) for key in sorted(missing)]
    connection.execute(database.statement(_opened), rows)


def _slot_row(each: Slot, now: datetime) -> dict[str, Any]:
    """Return the row of a slot that opens: it is due at once."""
    return {
        "key": each.key,
        "product": each.product,
        "period": each.period,
        "start_at": each.start,
        "end_at": each.end,
        "tile": each.tile,
        "variant": each.variant,
        "state": "waiting",
        "due_at": now,
        "waiting_for": "[]",
        "attempts": 0,
        "setbacks": 0,
        "reason": "",
        "traceback": "",
        "token": "",
        "task_hash": "",
        "task_stage": "final",
        "tasked_at": None,
        "task_published_at": None,
        "failed_hash": "",
        "revision": 0,
        "redriven": False,
        "asked": "",
        "updated_at": now,
        "task": None,
    }


def _opened(database: Database) -> Insert:
    return database.insert(slot).on_conflict_do_nothing()


def _waiting(database: Database, touch: Touch) -> list[Slot]:
    """Make every slot that a timeless granule concerns due now, and return the latest of them."""
    concerned: list[ColumnElement[bool]] = [slot.c.product == touch.product]
    if touch.tile is not None:
        concerned.append(slot.c.tile == touch.tile)
    if touch.variant is not None:
        concerned.append(slot.c.variant == touch.variant)
    with database.transaction() as connection:
        # Whose task has failed keeps its back-off. Nobody is passed over for being locked: whoever holds the lock may
        # have looked before the granule was there.
        waiting = (*concerned, slot.c.state == "waiting", slot.c.failed_hash == "")
        locked = select(slot.c.key).where(*waiting).order_by(slot.c.key).with_for_update()
        connection.execute(update(slot).where(slot.c.key.in_(locked)).values(due_at=database.now(connection)))
        statement = (
            select(slot)
            .where(*concerned, or_(slot.c.state == "waiting", slot.c.due_at.is_not(None)))
            .order_by(slot.c.start_at.desc())
            .limit(MOST_WAITING)
        )
        return [slot_of(row) for row in connection.execute(statement).mappings()]
