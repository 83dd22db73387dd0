"""Looking at slots: what `core.gather` decides becomes what the ledger writes, and tasks go out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pluggy

from icestream_core import naming
from icestream_core.gather import Decision, gather
from icestream_core.message import cloud_event, encode, event_id
from icestream_core.pick import Recorded
from icestream_core.slot import Slot, SlotState
from icestream_core.task import Task
from icestream_core.touch import Query, queries
from icestream_gatherer.records import Records
from icestream_runtime.broker import Broker, Message
from icestream_runtime.ledger.contract import Change, Ledger, SlotRow

SOURCE = "icestream/gatherer"


class Looker:
    """Looks at slots under their locks and publishes the tasks that follow."""

    def __init__(
        self, ledger: Ledger, broker: Broker, records: Records, lifecycle: pluggy.HookRelay, settle: timedelta
    ) -> None:
        self._ledger, self._broker, self._records = ledger, broker, records
        self._lifecycle, self._settle = lifecycle, settle

    def look(self, slots: Sequence[Slot]) -> list[Task]:
        """Look at slots; returns the tasks published.

        A task is marked as published only once its confirm was seen; until then the ticker publishes it again.
        """
        known = {product.name for product in self._records.all()}
        tasks = self._ledger.look([slot for slot in slots if slot.product in known], self._queries, self._decide)
        self.publish(tasks)
        return tasks

    def publish(self, tasks: Sequence[Task]) -> None:
        """Publish tasks and mark them as published."""
        if not tasks:
            return
        returned = self._broker.publish([_message(task) for task in tasks])
        unroutable = {message.message_id for message in returned}
        self._ledger.task_published([task for task in tasks if task.token not in unroutable])

    def _queries(self, slot: Slot) -> dict[str, Query]:
        return queries(self._records.product(slot.product), slot)

    def _decide(self, row: SlotRow, found: Mapping[str, Sequence[Recorded]], now: datetime) -> Change | None:
        product = self._records.product(row.slot.product)
        once = {(entry.granule.granule_id, entry.granule.checksum): entry for rows in found.values() for entry in rows}
        decision = gather(product, row.slot, list(once.values()), now, self._settle, row.made)
        if decision.action == "wait":
            self._lifecycle.slot_waiting(slot=row.slot, waiting_for=decision.waiting_for, due_at=decision.due_at)
        return _change(row, decision, product.version, now)


def _change(row: SlotRow, decision: Decision, version: str, now: datetime) -> Change | None:
    match decision.action:
        case "make":
            return Change(
                state="tasked",
                due_at=decision.due_at,
                waiting_for=decision.waiting_for,
                stage=decision.stage,
                task=_task(row.slot, decision, version, now),
            )
        case "void":
            if row.made is not None and row.made.inputs_hash == decision.inputs_hash:
                return Change(state=row.state, due_at=None)
            return Change(
                state="void",
                void=decision.reason,
                stage="final",
                inputs_hash=decision.inputs_hash,
                entries=_entries(decision),
                version=version,
                mode=decision.mode,
            )
        case "hopeless":
            return Change(
                state="made" if row.made is not None else "hopeless",
                reason=decision.reason,
                waiting_for=decision.missing,
            )
        case "nothing":
            promote = row.made is not None and row.made.stage == "provisional" and decision.stage == "final"
            kept: SlotState = "void" if row.state == "void" else "made"
            return Change(state=kept, due_at=decision.due_at, waiting_for=decision.waiting_for, promote=promote)
        case _:
            state: SlotState = row.state if row.made is not None and row.state in ("made", "void") else "waiting"
            return Change(state=state, due_at=decision.due_at, waiting_for=decision.waiting_for)


def _task(slot: Slot, decision: Decision, version: str, now: datetime) -> Task:
    return Task(
        slot=slot,
        version=version,
        token=uuid.uuid4().hex,
        inputs_hash=decision.inputs_hash,
        inputs=decision.inputs,
        missing=decision.missing,
        mode=decision.mode,
        created_at=now,
    )


def _entries(decision: Decision) -> list[tuple[str, str, str, int]]:
    return [
        (name, entry.granule.granule_id, entry.granule.checksum, entry.step)
        for name, entries in decision.inputs.items()
        for entry in entries
    ]


def _message(task: Task) -> Message:
    identity = event_id("task", task.slot.key, task.token)
    return Message(
        body=encode(task),
        exchange="",
        routing_key=naming.make_queue(task.slot.product, task.mode),
        headers=cloud_event(task, SOURCE, identity, task.created_at),
        message_id=task.token,
    )
