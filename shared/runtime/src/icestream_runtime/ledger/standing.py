"""Where a slot stands: its row under lock, what it was made from, and how both are written back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from icestream_core.gather import Made
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot, SlotState, Stage
from icestream_runtime.ledger.contract import SlotRow
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.schema import make, make_input, slot

Entries = Sequence[tuple[str, str, str, int]]
"""(input, granule id, checksum, step)"""

KEPT = [column for column in slot.c if column.name != "task"]
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
    updated_at: datetime
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
    )


def lock(database: Database, connection: Connection, slots: Iterable[Slot]) -> dict[str, Standing]:
    """Lock slots in the order of their keys: two that lock the same ones never wait for each other.

    Slots that were never opened are left out. SQLite has locked everything at the transaction's begin.
    """
    statement = (
        select(*KEPT)
        .where(database.among(slot.c.key, sorted({each.key for each in slots})))
        .order_by(slot.c.key)
        .with_for_update()
    )
    return {row["key"]: standing(row) for row in connection.execute(statement).mappings()}


def load_current(database: Database, connection: Connection, standings: Mapping[str, Standing]) -> None:
    """Load the current makes of slots, without their inputs."""
    keys = [key for key, where in standings.items() if where.revision]
    if not keys:
        return
    columns = [make.c[name] for name in Current._fields]
    statement = (
        select(make.c.slot_key, *columns)
        .join(slot, (slot.c.key == make.c.slot_key) & (slot.c.revision == make.c.revision))
        .where(database.among(make.c.slot_key, keys))
    )
    for key, *found in connection.execute(statement):
        standings[key].current = Current(*found)


def load_made(database: Database, connection: Connection, standings: Mapping[str, Standing]) -> dict[str, Made]:
    """Return, by slot key, what the current revisions were made from."""
    load_current(database, connection, standings)
    current = {key: where.current for key, where in standings.items() if where.current is not None}
    if not current:
        return {}
    entries: dict[int, list[tuple[str, str, str, int]]] = {each.id: [] for each in current.values()}
    columns = (
        make_input.c.make_id,
        make_input.c.input,
        make_input.c.granule_id,
        make_input.c.checksum,
        make_input.c.step,
    )
    for number, *entry in connection.execute(
        select(*columns).where(database.among(make_input.c.make_id, list(entries)))
    ):
        entries[number].append(tuple(entry))
    return {key: Made(each.inputs_hash, each.stage, frozenset(entries[each.id])) for key, each in current.items()}


def write(database: Database, connection: Connection, changed: Mapping[str, Standing], now: datetime) -> None:
    """Write standings back, in the order of their keys."""
    if not changed:
        return
    for where in changed.values():
        where.updated_at = now
    ordered = sorted(changed.items())
    _update(connection, WRITTEN, [{"of_slot": key, **where.values()} for key, where in ordered])
    _update(
        connection,
        ["task"],
        [{"of_slot": key, "task": where.task or None} for key, where in ordered if where.task is not None],
    )
    if promoted := [where.current.id for _, where in ordered if where.promoted and where.current is not None]:
        statement = update(make).where(database.among(make.c.id, promoted))
        connection.execute(statement.values(stage="final", announced_at=None, finalised_at=now))
    _write_makes(database, connection, {key: where for key, where in ordered if where.made is not None}, now)


def _update(connection: Connection, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        statement = update(slot).where(slot.c.key == bindparam("of_slot"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), rows)


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
    insert = database.insert(make)
    new = {name: insert.excluded[name] for name in rows[0] if name not in ("slot_key", "inputs_hash")}
    statement = insert.on_conflict_do_update(index_elements=["slot_key", "inputs_hash"], set_=new)
    written = connection.execute(statement.returning(make.c.slot_key, make.c.id), rows)
    numbers: dict[str, int] = dict(iter(written))
    inputs = [
        {"make_id": numbers[key], "input": name, "granule_id": granule_id, "checksum": checksum, "step": step}
        for key, listed in entries.items()
        for name, granule_id, checksum, step in listed
    ]
    if inputs:
        connection.execute(database.insert(make_input).on_conflict_do_nothing(), inputs)
