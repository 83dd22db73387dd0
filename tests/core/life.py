"""A tiny ledger and clock, to play gathering over time: arrivals, looks, makes, announcements."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from core.specimens import SETTLE, sha256
from icestream_core.gather import Decision, Made, gather
from icestream_core.granule import Asset, Granule
from icestream_core.pick import Recorded
from icestream_core.product import Product
from icestream_core.slot import Slot, Stage
from icestream_core.task import TaskInput
from icestream_core.touch import Query, queries, touches

LOOKS = 20_000
"""More looks than any test needs: a slot that stays due for ever is caught."""


@dataclass
class State:
    """What the ledger knows of a slot."""

    slot: Slot
    made: Made | None = None
    revision: int = 0
    due_at: datetime | None = None
    tasked: Decision | None = None
    again: bool = False
    void: str = ""
    hopeless: str = ""
    makes: list[Made] = field(default_factory=list)
    last: Decision | None = None


class Life:
    """Granules that arrive at their times, slots that are looked at, tasks that take a minute."""

    def __init__(self, *products: Product, takes: timedelta = timedelta(minutes=1)) -> None:
        self.products = {product.name: product for product in products}
        self.takes = takes
        self.rows: dict[tuple[str, str], Recorded] = {}
        self.slots: dict[str, State] = {}
        self._events: list[tuple[datetime, int, Granule | str]] = []
        self._number = count()
        self._looks = 0

    def arrive(self, at: datetime, *granules: Granule) -> Life:
        for granule in granules:
            heapq.heappush(self._events, (at, next(self._number), granule))
        return self

    def until(self, end: datetime) -> Life:
        """Live until a time: what is due at one moment comes before what arrives then."""
        while True:
            due = min((state.due_at for state in self.slots.values() if state.due_at and not state.tasked), default=end)
            event = self._events[0][0] if self._events else end
            if min(due, event) >= end:
                return self
            if due <= event:
                for state in [each for each in self.slots.values() if each.due_at == due and not each.tasked]:
                    self._look(state, due)
            else:
                now, _, what = heapq.heappop(self._events)
                if isinstance(what, Granule):
                    self._record(what, now)
                else:
                    self._finalise(self.slots[what], now)

    def state(self, label: str, product: str = "depth") -> State:
        return self.slots[f"{product}.{label}"]

    def wanted(self, state: State) -> frozenset[tuple[str, str, str, int]]:
        """Return what a slot would be made from if everything that ever came had been there at once."""
        product = self.products[state.slot.product]
        late = max((row.recorded_at for row in self.rows.values()), default=state.slot.end) + timedelta(days=4000)
        decision = gather(product, state.slot, self._selected(product, state.slot), late, SETTLE)
        return entries_of(decision.inputs)

    def _record(self, granule: Granule, now: datetime) -> None:
        key = granule.granule_id, granule.checksum
        known = self.rows.get(key)
        rank = (granule.revision, granule.stage == "final")
        if known is None or rank > (known.granule.revision, known.granule.stage == "final"):
            self.rows[key] = Recorded(granule, now)
        for product in self.products.values():
            for touch in touches(product, granule):
                if touch.opens:
                    self.slots.setdefault(touch.slot().key, State(touch.slot()))
                for state in list(self.slots.values()):
                    mine = state.slot
                    if (
                        mine.product == touch.product
                        and touch.tile in (None, mine.tile)
                        and touch.variant in (None, mine.variant)
                        and (touch.interval.label == mine.period if touch.interval else not state.made)
                    ):
                        self._look(state, now)

    def _look(self, state: State, now: datetime) -> None:
        self._looks += 1
        assert self._looks < LOOKS, f"{state.slot.key} is looked at for ever"
        if state.tasked:
            state.again = True
            return
        product = self.products[state.slot.product]
        decision = gather(product, state.slot, self._selected(product, state.slot), now, SETTLE, state.made)
        assert decision.due_at is None or decision.due_at > now, f"{state.slot.key} stays due"
        state.last, state.due_at = decision, decision.due_at
        state.hopeless = decision.reason if decision.action == "hopeless" else ""
        match decision.action:
            case "make":
                state.tasked = decision
                heapq.heappush(self._events, (now + self.takes, next(self._number), state.slot.key))
            case "void":
                if state.void != decision.reason:
                    self._adopt(state, decision, "final", now, void=decision.reason)
            case "nothing" if state.made and state.made.stage == "provisional" and decision.stage == "final":
                state.made = state.made._replace(stage="final")
                self._announce(state, "final", now)

    def _finalise(self, state: State, now: datetime) -> None:
        decision, state.tasked = state.tasked, None
        assert decision is not None
        self._adopt(state, decision, decision.stage, now)
        self._look(state, now)

    def _adopt(self, state: State, decision: Decision, stage: Stage, now: datetime, void: str = "") -> None:
        state.made = Made(decision.inputs_hash, stage, entries_of(decision.inputs))
        state.makes.append(state.made)
        state.revision += 1
        state.void = void
        self._announce(state, stage, now)

    def _announce(self, state: State, stage: Stage, now: datetime) -> None:
        assert state.made is not None
        checksum = sha256(state.made.inputs_hash)
        slot = state.slot
        announcement = Granule(
            granule_id=slot.key,
            checksum=checksum,
            collection=slot.product,
            sensor="none",
            tile=slot.tile,
            variant=slot.variant,
            start=slot.start,
            end=slot.end,
            assets=() if state.void else (Asset(href=slot.key, size=1, checksum=checksum),),
            void=state.void,
            published_at=now,
            received_at=now,
            revision=state.revision,
            stage=stage,
        )
        self.arrive(now, announcement)

    def _selected(self, product: Product, slot: Slot) -> list[Recorded]:
        found = {
            key: row
            for query in queries(product, slot).values()
            for key, row in self.rows.items()
            if selects(query, row.granule)
        }
        return list(found.values())


def selects(query: Query, granule: Granule) -> bool:
    """Whether the ledger would give a granule to a query."""
    return (
        granule.collection in query.collections
        and granule.start < query.end
        and query.start < granule.end
        and query.tile in (None, granule.tile)
        and query.variant in (None, granule.variant)
        and (not query.parts or granule.part in query.parts or bool(granule.void))
    )


def entries_of(inputs: dict[str, tuple[TaskInput, ...]]) -> frozenset[tuple[str, str, str, int]]:
    return frozenset(
        (name, entry.granule.granule_id, entry.granule.checksum, entry.step)
        for name, entries in inputs.items()
        for entry in entries
    )


def steps_of(made: Made | None) -> list[int]:
    entries: Iterable[tuple[str, str, str, int]] = made.entries if made else ()
    return sorted(step for _, _, _, step in entries)
