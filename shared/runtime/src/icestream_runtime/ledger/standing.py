"""Where a slot stands: its row under lock, what it was made from, and how both are written back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, RowMapping, Select, Update, bindparam, select, update
from sqlalchemy.types import Integer, String

from icestream_core.gather import Made
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot, SlotState, Stage
from icestream_runtime.ledger.contract import Asked, SlotRow
from icestream_runtime.ledger.database import Columns, Database, Insert
from icestream_runtime.ledger.schema import Moment, make, make_input, slot

Entries = Sequence[tuple[str, str, str, int]]
"""(input, granule id, checksum, step)"""

ENTRY = ("input", "granule_id", "checksum", "step")
INPUT: Columns = {name: String() for name in ("of_slot", "of_hash", "input", "granule_id", "checksum")} | {
    "step": Integer()
}
KEPT = [column for column in slot.c if column.name != "task"]
MAKE_KEY = ("id", "slot_key", "inputs_hash")
WRITTEN = [
    column.name
    for column in KEPT
    if column.name not in ("key", "product", "period", "start_at", "end_at", "tile", "variant")
]


class Current(NamedTuple):
    """The make of a slot's current revision, without what it was made from."""

    id: int
    inputs_hash: str
    version: str
    stage: Stage
    outcome: Literal["made", "void"]
    reason: str
    checksum: str


class Make(NamedTuple):
    """A make that is to be written."""

    outcome: Outcome
    stage: Stage
    entries: Entries


@dataclass(slots=True)
class Standing:
    """A slot's row while it is worked on.

    task : the body of a new task; empty to forget the old one; None to leave it
    outstanding : what the outstanding task is made from, where that was asked for
    made : a make that becomes current
    promoted : the current make became final
    """

    slot: Slot
    state: SlotState
    due_at: datetime | None
    waiting_for: tuple[str, ...]
    attempts: int
    setbacks: int
    reason: str
    traceback: str
    token: str
    task_hash: str
    task_stage: Stage
    tasked_at: datetime | None
    task_published_at: datetime | None
    failed_hash: str
    revision: int
    redriven: bool
    asked: Asked
    updated_at: datetime
    outstanding: Entries = ()
    current: Current | None = None
    task: str | None = None
    made: Make | None = None
    promoted: bool = False

    def adopt(self, outcome: Outcome, stage: Stage, entries: Entries) -> None:
        """Make an outcome, made or void, the slot's current revision.

        The very make that is current already is no new revision.
        """
        self.state = "made" if outcome.status == "made" else "void"
        self.reason = outcome.reason
        self.traceback = self.failed_hash = ""
        self.attempts = self.setbacks = 0
        self.redriven = False
        self.asked = ""
        checksum = outcome.manifest.checksum if outcome.manifest else ""
        same = (outcome.inputs_hash, outcome.status, outcome.reason, checksum)
        now = self.current
        if now is not None and (now.inputs_hash, now.outcome, now.reason, now.checksum) == same:
            self.promoted = stage == "final" and now.stage == "provisional"
            return
        self.revision += 1
        self.made = Make(outcome, stage, entries)

    def end_task(self) -> None:
        self.token = self.task_hash = ""
        self.tasked_at = self.task_published_at = None

    def values(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in WRITTEN}
        return found | {"waiting_for": json.dumps(self.waiting_for)}


def standing(row: RowMapping) -> Standing:
    """Return where a slot stands, from its row."""
    return Standing(
        slot=slot_of(row),
        **{name: row[name] for name in WRITTEN} | {"waiting_for": tuple(json.loads(row["waiting_for"]))},
    )


def slot_of(row: RowMapping) -> Slot:
    return Slot(
        product=row["product"],
        period=row["period"],
        start=row["start_at"],
        end=row["end_at"],
        tile=row["tile"],
        variant=row["variant"],
    )


def slot_row(where: Standing, made: Made | None) -> SlotRow:
    """Return what the ledger tells of a slot."""
    return SlotRow(
        slot=where.slot,
        state=where.state,
        due_at=where.due_at,
        waiting_for=where.waiting_for,
        attempts=where.attempts,
        reason=where.reason,
        traceback=where.traceback,
        token=where.token,
        task_published_at=where.task_published_at,
        revision=where.revision,
        made=None if where.redriven else made,
        updated_at=where.updated_at,
        failed_hash=where.failed_hash,
        asked=where.asked,
    )


def lock(
    database: Database, connection: Connection, slots: Iterable[Slot], *, with_tasks: bool = False
) -> dict[str, Standing]:
    """Lock slots in the order of their keys: two that lock the same ones never wait for each other.

    with_tasks : read what the outstanding tasks are made from, too

    Slots that were never opened are left out. SQLite has locked everything at the transaction's begin.
    """
    statement = database.statement(_locked_with_tasks if with_tasks else _locked)
    rows = connection.execute(statement, database.these({each.key for each in slots}))
    found = {}
    for row in rows.mappings():
        where = found[row["key"]] = standing(row)
        if with_tasks and where.token and row["task"]:
            where.outstanding = _entries(json.loads(row["task"]))
    return found


def hold(database: Database, connection: Connection, slots: Iterable[Slot]) -> None:
    """Lock slots as `lock` does, for who needs nothing of them but the order."""
    connection.execute(database.statement(_held), database.these({each.key for each in slots}))


def load_current(database: Database, connection: Connection, standings: Mapping[str, Standing]) -> None:
    """Load the current makes of slots, without their inputs."""
    keys = [key for key, where in standings.items() if where.revision]
    if not keys:
        return
    for key, *found in connection.execute(database.statement(_current), database.these(keys)):
        standings[key].current = Current(*found)


def load_made(database: Database, connection: Connection, standings: Mapping[str, Standing]) -> dict[str, Made]:
    """Return, by slot key, what the current revisions were made from."""
    load_current(database, connection, standings)
    current = {key: where.current for key, where in standings.items() if where.current is not None}
    if not current:
        return {}
    entries: dict[int, list[tuple[str, str, str, int]]] = {each.id: [] for each in current.values()}
    for number, *entry in connection.execute(database.statement(_inputs), database.these(entries)):
        entries[number].append(tuple(entry))
    return {key: Made(each.inputs_hash, each.stage, frozenset(entries[each.id])) for key, each in current.items()}


def write(database: Database, connection: Connection, changed: Mapping[str, Standing], now: datetime) -> None:
    """Write standings back, in the order of their keys, and end the transaction."""
    if not changed:
        return
    with database.last(connection):
        _write_all(database, connection, changed, now)


def _write_all(database: Database, connection: Connection, changed: Mapping[str, Standing], now: datetime) -> None:
    for where in changed.values():
        where.updated_at = now
    ordered = sorted(changed.items())
    for statement, with_task in ((_write, False), (_write_with_task, True)):
        rows = [
            {"of_slot": key, **where.values(), **({"task": where.task or None} if with_task else {})}
            for key, where in ordered
            if (where.task is not None) is with_task
        ]
        if rows:
            connection.execute(database.statement(statement), rows)
    if promoted := [where.current.id for _, where in ordered if where.promoted and where.current is not None]:
        connection.execute(database.statement(_promote), database.these(promoted) | {"now": now})
    _write_makes(database, connection, {key: where for key, where in ordered if where.made is not None}, now)


def _entries(task: Mapping[str, Any]) -> Entries:
    return [
        (name, entry["granule"]["granule_id"], entry["granule"]["checksum"], entry.get("step", 0))
        for name, entries in task["inputs"].items()
        for entry in entries
    ]


def _write_makes(database: Database, connection: Connection, made: Mapping[str, Standing], now: datetime) -> None:
    """Insert makes. The make of the same inputs, wanted again, becomes current under the next revision instead."""
    rows, entries = [], {}
    for key, where in made.items():
        if where.made is None:
            continue
        outcome, stage, entries[key] = where.made
        rows.append(
            {
                "slot_key": key,
                "inputs_hash": outcome.inputs_hash,
                "revision": where.revision,
                "version": outcome.version,
                "stage": stage,
                "outcome": outcome.status,
                "reason": outcome.reason,
                "checksum": outcome.manifest.checksum if outcome.manifest else "",
                "body": outcome.model_dump_json(exclude_defaults=True),
                "finalised_at": now,
                "announced_at": None,
            }
        )
    if not rows:
        return
    connection.execute(database.statement(_make), rows)
    inputs = [
        (key, made[key].made.outcome.inputs_hash, *entry)  # type: ignore[union-attr]
        for key, listed in entries.items()
        for entry in listed
    ]
    if inputs:
        connection.execute(database.statement(_make_inputs), database.rows(INPUT, inputs))


def _locked(database: Database) -> Select[Any]:
    return select(*KEPT).where(database.among(slot.c.key)).order_by(slot.c.key).with_for_update()


def _locked_with_tasks(database: Database) -> Select[Any]:
    return select(*KEPT, slot.c.task).where(database.among(slot.c.key)).order_by(slot.c.key).with_for_update()


def _held(database: Database) -> Select[Any]:
    return select(slot.c.key).where(database.among(slot.c.key)).order_by(slot.c.key).with_for_update()


def _current(database: Database) -> Select[Any]:
    return (
        select(make.c.slot_key, *(make.c[name] for name in Current._fields))
        .join(slot, (slot.c.key == make.c.slot_key) & (slot.c.revision == make.c.revision))
        .where(database.among(make.c.slot_key))
    )


def _inputs(database: Database) -> Select[Any]:
    columns = [make_input.c[name] for name in ("make_id", "input", "granule_id", "checksum", "step")]
    return select(*columns).where(database.among(make_input.c.make_id))


def _write(_database: Database) -> Update:
    return update(slot).where(slot.c.key == bindparam("of_slot")).values({name: bindparam(name) for name in WRITTEN})


def _write_with_task(database: Database) -> Update:
    return _write(database).values(task=bindparam("task"))


def _promote(database: Database) -> Update:
    final = {"stage": "final", "announced_at": None, "finalised_at": bindparam("now", type_=Moment)}
    return update(make).where(database.among(make.c.id)).values(final)


def _make(database: Database) -> Insert:
    # Inline: nothing comes back, not even the number.
    insert = database.insert(make).inline()
    new = {column.name: insert.excluded[column.name] for column in make.c if column.name not in MAKE_KEY}
    return insert.on_conflict_do_update(index_elements=["slot_key", "inputs_hash"], set_=new)


def _make_inputs(database: Database) -> Insert:
    given = database.given(INPUT)
    of_make = (make.c.slot_key == given.c.of_slot) & (make.c.inputs_hash == given.c.of_hash)
    rows = select(make.c.id, *(given.c[name] for name in ENTRY)).join_from(given, make, of_make)
    return database.insert(make_input).from_select(["make_id", *ENTRY], rows).on_conflict_do_nothing()
