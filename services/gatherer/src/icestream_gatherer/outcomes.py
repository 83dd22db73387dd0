"""Outcomes: what workers answer is finalised, announced, and looked at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import pluggy

from icestream_core import naming
from icestream_core.errors import MessageError
from icestream_core.message import decode
from icestream_core.outcome import Outcome
from icestream_core.task import Task
from icestream_gatherer.announce import Announcer
from icestream_gatherer.intake import Intake
from icestream_gatherer.letters import Letters
from icestream_gatherer.look import Looker
from icestream_gatherer.records import Records
from icestream_runtime.broker import Broker, Delivery
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.storage import Storage

DEAD_TRIES: Final = 20
"""How often a granule among the dead letters is tried. It comes back also where a broker or a gatherer that held it
unread went away, which is no fault of its own.
"""


class Outcomes:
    """Handles batches from the queues `icestream.outcomes` and `icestream.dead`.

    intake : is handed the granules and records among the dead letters: gatherers died over them, through no fault of
        theirs for all that is known
    """

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        storage: Storage,
        records: Records,
        looker: Looker,
        lifecycle: pluggy.HookRelay,
        letters: Letters,
        max_attempts: int,
        backoff: Callable[[int], float],
        intake: Intake | None = None,
    ) -> None:
        self._ledger, self._records, self._looker = ledger, records, looker
        self._lifecycle, self._letters = lifecycle, letters
        self._max_attempts, self._backoff, self._intake = max_attempts, backoff, intake
        self._announcer = Announcer(ledger, broker, storage, records, lifecycle)

    def handle(self, batch: Sequence[Delivery]) -> None:
        """Finalise, announce, look again. When this returns, everything in the batch may be acked."""
        outcomes = [outcome for delivery in batch if (outcome := self._read(delivery)) is not None]
        if not outcomes:
            return
        finalised = self._ledger.finalise(outcomes, self._max_attempts, self._backoff)
        for outcome, result in zip(outcomes, finalised, strict=True):
            known = self._records.find(outcome.slot.product) is not None
            if outcome.status == "failed" and known:
                self._lifecycle.product_failed(
                    slot=outcome.slot, outcome=outcome, attempts=result.attempts, dead=result.dead
                )
        slots = list({outcome.slot.key: outcome.slot for outcome in outcomes}.values())
        ready = {each.slot.key: each for result in finalised if (each := result.announceable) is not None}
        # Of a repeated outcome nobody knows whether its revision was announced.
        self._announcer.announce([slot for slot in slots if slot.key not in ready], list(ready.values()))
        due = {outcome.slot.key for outcome, result in zip(outcomes, finalised, strict=True) if result.due}
        self._looker.look([slot for slot in slots if slot.key in due])

    def announce(self, older_than_seconds: float = 0.0) -> int:
        """Announce current revisions that were not announced and are old enough; returns how many.

        Raises StorageError where one cannot be placed in the dataset tree; the others have been announced.
        """
        return self._announcer.announce_older(older_than_seconds)

    def _read(self, delivery: Delivery) -> Outcome | None:
        """Return the outcome that a delivery holds, or stands for: a dead task is a failure of its product."""
        try:
            message = decode(delivery.body)
            if isinstance(message, Outcome):
                return message
            if isinstance(message, Task):
                return _died(message, delivery, self._ledger.clock())
            if delivery.queue == naming.DEAD and self._intake is not None and delivery.delivery_count < DEAD_TRIES:
                self._intake.handle([delivery])
                return None
            raise MessageError(f"a {type(message).__name__.lower()} message came where outcomes are wanted")
        except MessageError as error:
            self._letters.keep(delivery.queue, str(error), delivery.body, delivery.headers)
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
