"""Looking at slots: what `core.gather` decides becomes what the ledger writes, and tasks go out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pluggy

from icestream_core import naming
from icestream_core.gather import Decision
from icestream_core.message import MAX_BYTES, cloud_event, encode, event_id
from icestream_core.pick import Recorded
from icestream_core.product import Product
from icestream_core.slot import Slot, SlotState
from icestream_core.task import Task
from icestream_core.touch import Query, queries
from icestream_gatherer.announce import SOURCE
from icestream_gatherer.asked import gather_as_asked
from icestream_gatherer.records import Records, levels
from icestream_runtime.broker import Broker, Message
from icestream_runtime.ledger.contract import Change, Ledger, SlotRow

AT_ONCE = 100
"""Slots that are locked in one transaction: what is found is on its way before the next are looked at."""

UNKNOWN_AGAIN = timedelta(minutes=1)


class Looker:
    """Looks at slots under their locks and publishes the tasks that follow.

    announce : told of slots that ended in a look - void, or final after all - so that they are announced at once
    """

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        records: Records,
        lifecycle: pluggy.HookRelay,
        settle: timedelta,
        announce: Callable[[Sequence[Slot]], object] | None = None,
    ) -> None:
        self._ledger, self._broker, self._records = ledger, broker, records
        self._lifecycle, self._settle, self._announce = lifecycle, settle, announce

    def look(self, slots: Sequence[Slot]) -> list[Task]:
        """Look at slots; returns the tasks published.

        A task is marked as published only once its confirm was seen; until then the ticker publishes it again.
        """
        published: list[Task] = []
        # Before the ledger is locked, because they are read from it.
        products = self._products({slot.product for slot in slots})
        level = levels(products)

        def ask(slot: Slot) -> dict[str, Query]:
            product = products.get(slot.product)
            return {} if product is None else queries(product, slot)

        for first in range(0, len(slots), AT_ONCE):
            ended: list[Slot] = []

            def decide(
                row: SlotRow,
                found: Mapping[str, Sequence[Recorded]],
                now: datetime,
                ended: list[Slot] = ended,
            ) -> Change:
                name = row.slot.product
                change = self._decide(products.get(name), row, found, now, level.get(name, 1))
                if change.void or change.promote:
                    ended.append(row.slot)
                return change

            tasks = self._ledger.look(slots[first : first + AT_ONCE], ask, decide)
            self.publish(tasks)
            published += tasks
            if ended and self._announce is not None:
                self._announce(ended)
        return published

    def publish(self, tasks: Sequence[Task]) -> None:
        """Publish tasks and mark them as published. Where their queue is gone, it is made again first."""
        if not tasks:
            return
        messages = {task.token: _message(task) for task in tasks}
        returned = self._broker.publish(list(messages.values()))
        if returned:
            unroutable = {message.message_id for message in returned}
            lost = {task.slot.product for task in tasks if task.token in unroutable}
            self._records.make_queues([product for name in lost if (product := self._records.find(name)) is not None])
            returned = self._broker.publish(returned)
        unroutable = {message.message_id for message in returned}
        self._ledger.task_published([task for task in tasks if task.token not in unroutable])

    def _products(self, wanted: set[str]) -> dict[str, Product]:
        known = {product.name: product for product in self._records.all()}
        if wanted <= known.keys():
            return known
        # Another gatherer may have registered it just now.
        self._records.refresh(force=True)
        return {product.name: product for product in self._records.all()}

    def _decide(
        self,
        product: Product | None,
        row: SlotRow,
        found: Mapping[str, Sequence[Recorded]],
        now: datetime,
        level: int,
    ) -> Change:
        if product is None:
            awaited = f"the record of its product: icestream register {row.slot.product}"
            return Change(state=row.state, due_at=now + UNKNOWN_AGAIN, waiting_for=(awaited,), reason=row.reason)
        once = {(entry.granule.granule_id, entry.granule.checksum): entry for rows in found.values() for entry in rows}
        decision = gather_as_asked(product, row, list(once.values()), now, self._settle, level)
        if decision.action == "wait":
            self._lifecycle.slot_waiting(slot=row.slot, waiting_for=decision.waiting_for, due_at=decision.due_at)
        return _change(row, decision, product.version, now)


def _change(row: SlotRow, decision: Decision, version: str, now: datetime) -> Change:
    match decision.action:
        case "make":
            task = _task(row.slot, decision, version, now)
            if _is_too_large(task):
                count = sum(map(len, task.inputs.values()))
                reason = f"made of {count} granules, which no message holds: give the product tiles or a shorter window"
                return Change(state="made" if row.made is not None else "hopeless", reason=reason)
            return Change(
                state="tasked",
                due_at=decision.due_at,
                waiting_for=decision.waiting_for,
                stage=decision.stage,
                task=task,
            )
        case "void":
            if row.state == "void" and row.reason == decision.reason:
                return Change(state="void", reason=row.reason)
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
            void = row.state == "void"
            return Change(
                state="void" if void else "made",
                due_at=decision.due_at,
                waiting_for=decision.waiting_for,
                promote=promote,
                reason=row.reason if void else "",
            )
        case _:
            kept = row.state in ("dead", "parked") or (row.made is not None and row.state in ("made", "void"))
            state: SlotState = row.state if kept else "waiting"
            return Change(
                state=state, due_at=_after_backoff(row, decision), waiting_for=decision.waiting_for, reason=row.reason
            )


def _after_backoff(row: SlotRow, decision: Decision) -> datetime | None:
    """Return when to look again: no sooner than the back-off of what failed, if it is the same that is wanted."""
    if decision.due_at is None or row.due_at is None or row.failed_hash != decision.inputs_hash:
        return decision.due_at
    return max(decision.due_at, row.due_at)


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
        traceparent=_trace_of(decision),
    )


def _trace_of(decision: Decision) -> str:
    """Return the trace of the input that came last: the task follows from its arrival."""
    granules = [entry.granule for entries in decision.inputs.values() for entry in entries]
    return max(granules, key=lambda granule: granule.received_at).traceparent if granules else ""


def _is_too_large(task: Task) -> bool:
    """Whether a task is more than a message may hold; most are so small that a glance tells."""
    assets = [asset for entries in task.inputs.values() for entry in entries for asset in entry.granule.assets]
    glance = sum(1000 + len(asset.href) for asset in assets)
    return glance > MAX_BYTES // 2 and len(encode(task)) > MAX_BYTES


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
