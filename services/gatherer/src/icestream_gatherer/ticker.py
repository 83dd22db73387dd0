"""The ticker: what time brings. Slots that are due, tasks and announcements whose confirm was never seen, silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from icestream_core.product import Product
from icestream_core.touch import Touch
from icestream_gatherer.intake import Intake
from icestream_gatherer.look import Looker
from icestream_gatherer.outcomes import Outcomes
from icestream_gatherer.records import Records
from icestream_runtime.ledger.contract import Ledger

BATCH = 100
ROUNDS = 50
"""Batches of due slots in one tick: however many are due, tasks and announcements get their turn."""

UNSEEN_SECONDS = 10.0
"""After this long without a confirm, a task or an announcement is published again."""

CALENDAR_PERIODS = 10
"""A product that was made within so many periods is live: its next periods are opened although nothing arrives."""


class Ticker:
    """Looks again at what is due. Several gatherers may tick at once: locks and tokens keep each slot single."""

    def __init__(self, ledger: Ledger, records: Records, looker: Looker, intake: Intake, outcomes: Outcomes) -> None:
        self._ledger, self._records = ledger, records
        self._looker, self._intake, self._outcomes = looker, intake, outcomes

    def tick(self) -> int:
        """Do all that time has brought; returns how many slots, tasks and announcements that was."""
        done = 0
        for _ in range(ROUNDS):
            due = self._ledger.due(BATCH)
            self._looker.look(due)
            done += len(due)
            if len(due) < BATCH:
                break
        if unpublished := self._ledger.unpublished_tasks(UNSEEN_SECONDS, BATCH):
            self._looker.publish(unpublished)
            done += len(unpublished)
        for product, heard_of_at in self._records.to_catch_up():
            self._intake.catch_up(product)
            self._records.caught_up(product, heard_of_at)
        # Last, because it raises where a single one cannot be placed.
        return done + self._outcomes.announce(older_than_seconds=UNSEEN_SECONDS)

    def open_calendar(self) -> int:
        """Open the slots of live products whose period is over, so that silence is seen; returns how many."""
        touched = [touch for product in self._records.all() for touch in self._silent(product)]
        slots = self._ledger.slots_touched(touched) if touched else []
        self._looker.look(slots)
        return len(slots)

    def _silent(self, product: Product) -> list[Touch]:
        """Return touches for the periods that ended since a product was last made, for each tile and variant.

        Only what was made of something counts: slots that are opened here keep no product alive.
        """
        if product.period.kind in ("granule", "singleton", "irregular"):
            return []
        now = self._ledger.clock()
        latest: dict[tuple[str, str], Touch] = {}
        for row in self._ledger.slots(product=product.name, state="made"):
            if row.made is None or not row.made.entries:
                continue
            key = row.slot.tile, row.slot.variant
            known = latest.get(key)
            if known is None or known.interval is None or known.interval.start < row.slot.start:
                latest[key] = Touch(product.name, row.slot.interval, *key, opens=True)
        found = []
        for touch in latest.values():
            step = touch.interval and product.period.shift(touch.interval, 1)
            opened: list[Touch] = []
            while step is not None and step.end <= now and len(opened) <= CALENDAR_PERIODS:
                opened.append(touch._replace(interval=step))
                step = product.period.shift(step, 1)
            if len(opened) <= CALENDAR_PERIODS:
                found += opened
        return found


def backoff(first_seconds: float, most: timedelta) -> Callable[[int], float]:
    """Return the wait after the n-th failure: doubling, with an end."""

    def wait(attempts: int) -> float:
        # Storage may be away for ever: 2 to the power of thousands is no float.
        doublings = min(max(0, attempts - 1), 60)
        return float(min(first_seconds * 2**doublings, most.total_seconds()))

    return wait
