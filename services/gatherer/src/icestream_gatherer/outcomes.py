"""Outcomes: what workers answer is finalised, put into the dataset tree, announced, and looked at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pluggy

from icestream_core import naming
from icestream_core.errors import MessageError
from icestream_core.granule import Granule
from icestream_core.message import cloud_event, decode, encode, event_id
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_gatherer.look import SOURCE, Looker
from icestream_gatherer.records import Records
from icestream_runtime.broker import Broker, Delivery, Message
from icestream_runtime.ledger.contract import Announceable, Ledger
from icestream_runtime.storage import Storage


class Outcomes:
    """Handles batches from the queues `icestream.outcomes` and `icestream.dead`."""

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        storage: Storage,
        records: Records,
        looker: Looker,
        lifecycle: pluggy.HookRelay,
        max_attempts: int,
        backoff: Callable[[int], float],
    ) -> None:
        self._ledger, self._broker, self._storage = ledger, broker, storage
        self._records, self._looker, self._lifecycle = records, looker, lifecycle
        self._max_attempts, self._backoff = max_attempts, backoff

    def handle(self, batch: Sequence[Delivery]) -> None:
        """Finalise, announce, look again. When this returns, everything in the batch may be acked."""
        outcomes = [outcome for delivery in batch if (outcome := self._read(delivery)) is not None]
        if not outcomes:
            return
        finalised = self._ledger.finalise(outcomes, self._max_attempts, self._backoff)
        for outcome, result in zip(outcomes, finalised, strict=True):
            if outcome.status == "failed" and not result.adopted:
                self._lifecycle.product_failed(
                    slot=outcome.slot, outcome=outcome, attempts=result.attempts, dead=result.dead
                )
        slots = list({outcome.slot.key: outcome.slot for outcome in outcomes}.values())
        self.announce(slots)
        self._looker.look(slots)

    def announce(self, slots: Sequence[Slot] | None = None, older_than_seconds: float = 0.0) -> int:
        """Put current revisions that were not announced into the dataset tree and publish them; returns how many."""
        pending = self._ledger.to_announce(slots, older_than_seconds)
        announced = []
        for entry in pending:
            product = self._records.product(entry.slot.product)
            checksum = (
                entry.outcome.manifest.checksum if entry.outcome.manifest else f"sha256:{entry.outcome.inputs_hash}"
            )
            granule = naming.announcement(
                product, entry.slot, entry.outcome, entry.revision, entry.stage, checksum, entry.finalised_at
            )
            self._storage.place(entry.slot, entry.outcome.manifest, entry.revision, entry.stage)
            announced.append((entry, granule))
        if announced:
            self._broker.publish([_message(self._family(entry), entry, granule) for entry, granule in announced])
            self._ledger.announced([entry for entry, _ in announced])
        for entry, granule in announced:
            self._lifecycle.product_made(
                slot=entry.slot, outcome=entry.outcome, revision=entry.revision, announcement=granule
            )
        return len(announced)

    def _family(self, entry: Announceable) -> str:
        return self._records.product(entry.slot.product).family

    def _read(self, delivery: Delivery) -> Outcome | None:
        """Return the outcome that a delivery holds, or stands for: a dead task is a failure of its product."""
        try:
            message = decode(delivery.body)
            if isinstance(message, Outcome):
                return message
            if isinstance(message, Task):
                return _died(message, delivery, self._ledger.clock())
            raise MessageError(f"a {type(message).__name__.lower()} message came where outcomes are wanted")
        except MessageError as error:
            self._ledger.keep_letter(delivery.queue, str(error), delivery.body, delivery.headers)
            return None


def _died(task: Task, delivery: Delivery, now: datetime) -> Outcome:
    why = delivery.headers.get("x-first-death-reason", "unknown")
    return Outcome(
        slot=task.slot,
        version=task.version,
        token=task.token,
        inputs_hash=task.inputs_hash,
        status="failed",
        fault="limit",
        reason=f"its workers died without an answer, {delivery.delivery_count or 'many'} times (dead letter: {why})",
        mode=task.mode,
        finished_at=now,
    )


def _message(family: str, entry: Announceable, granule: Granule) -> Message:
    identity = event_id("product", entry.slot.key, entry.outcome.inputs_hash, entry.revision, entry.stage)
    return Message(
        body=encode(granule),
        routing_key=naming.product_key(family, granule.collection),
        headers=cloud_event(granule, SOURCE, identity, entry.finalised_at),
        message_id=identity,
    )
