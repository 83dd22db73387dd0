"""Gathering: from a product's record, a slot and the granules known, decide what happens now. A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from icestream_core.granule import Mode
from icestream_core.pick import Picked, Recorded, pick
from icestream_core.product import Product
from icestream_core.slot import Slot, Stage
from icestream_core.task import TaskInput, inputs_hash
from icestream_core.window import EARLIER_YEARS, SameSeason


class Made(NamedTuple):
    """What a slot has been made from.

    entries : (input, granule id, checksum, step)
    """

    inputs_hash: str
    stage: Stage
    entries: frozenset[tuple[str, str, str, int]]


class Decision(NamedTuple):
    """What happens with a slot now.

    action : make it; wait (until `due_at`, or for an arrival where that is None); nothing (what is wanted is made);
        void or hopeless: closed without what it needs
    due_at : when to look again even if nothing arrives
    waiting_for : what is awaited, in words
    inputs : what it would be made of; none where it is void
    missing : what it is made without
    """

    action: Literal["make", "wait", "nothing", "void", "hopeless"]
    inputs: dict[str, tuple[TaskInput, ...]]
    inputs_hash: str
    stage: Stage
    mode: Mode
    due_at: datetime | None
    waiting_for: tuple[str, ...]
    missing: tuple[str, ...]
    reason: str


def gather(
    product: Product,
    slot: Slot,
    rows: Sequence[Recorded],
    now: datetime,
    settle: timedelta,
    made: Made | None = None,
    level: int = 1,
) -> Decision:
    """Decide for a slot.

    rows : the granules that `touch.queries` selects, quarantined ones left out
    settle : how long the stream must have been quiet before a closed slot is made of what there is
    made : what its current revision was made from
    level : how many products stand in a row, from the observations to this one. In a backfill each waits for a settle
        more than those before it, because it hears of their last only when they have closed
    """
    picks = {name: pick(product, slot, name, rows) for name in product.inputs}
    lacking = [found for found in picks.values() if not found.complete]
    short = [found for found in picks.values() if not found.sufficient]
    awaited = tuple(word for found in lacking for word in found.missing)
    answer = _Answer(product, picks, made)

    voids = [found for found in picks.values() if found.void and not found.input.optional]
    void = f"input {voids[0].name} is void: {voids[0].void}" if voids else ""
    if any(not found.own_step_lacks for found in voids):
        return answer("void", missing=awaited, reason=void)
    is_backfill = now >= slot.end + max(entry.patience for entry in product.inputs.values())
    quiet_at = _quiet_at(picks.values(), settle * level if is_backfill else settle, now)
    if not lacking:
        if now < slot.end and (going_on := _going_on(product, slot, picks.values())):
            last = slot.end + max(found.input.patience for found in going_on)
            rest = tuple(f"{found.name}: the rest of the period" for found in going_on)
            return _calmly(answer("make", stage="provisional", due_at=last, waiting_for=rest), quiet_at, now, made)
        return _calmly(answer("make"), quiet_at, now, made)

    endless = [found for found in short if found.input.timeless]
    if endless:
        return answer("wait", waiting_for=tuple(word for found in endless for word in _how_to_get(product, found)))
    patience_ends = slot.end + max(found.input.patience for found in lacking)
    closes_at = max(patience_ends, quiet_at)
    if now >= closes_at:
        if voids:
            return answer("void", missing=awaited, reason=void)
        if short:
            reason = "closed without " + "; ".join(word for found in short for word in found.missing)
            return answer(product.when_short, missing=awaited, reason=reason)
        return answer("make", missing=awaited)
    if short or voids:
        return answer("wait", due_at=closes_at, waiting_for=awaited)
    own_step_lacks = any(found.own_step_lacks for found in lacking)
    if now < patience_ends and (now >= quiet_at or not own_step_lacks):
        early = answer("make", stage="provisional", due_at=closes_at, waiting_for=awaited, missing=awaited)
        return _calmly(early, quiet_at, now, made)
    return answer("wait", due_at=quiet_at if now < quiet_at else closes_at, waiting_for=awaited)


def _going_on(product: Product, slot: Slot, picks: Iterable[Picked]) -> list[Picked]:
    """Return the triggers whose granules end before a period that goes on: how many will come is not known."""
    if product.period.kind == "singleton":
        return []
    return [
        found
        for found in picks
        if found.input.triggers and found.entries and max(given.granule.end for given in found.entries) < slot.end
    ]


def _how_to_get(product: Product, found: Picked) -> list[str]:
    """Return what is missing of an input that is awaited for ever, with the command that brings it."""
    command = f": icestream fit {product.name}" if found.input.role == "parameters" else ""
    return [f"{word}{command}" for word in found.missing]


def _quiet_at(picks: Iterable[Picked], settle: timedelta, now: datetime) -> datetime:
    """Return when the slot's inputs will have been quiet for long enough."""
    ends = [
        found.last_arrival + (settle if found.input.settle is None else found.input.settle)
        for found in picks
        if found.last_arrival is not None
    ]
    return max(ends, default=now)


def _calmly(decision: Decision, quiet_at: datetime, now: datetime, made: Made | None) -> Decision:
    """What has been made once waits for quiet before it is made again: a trickle is no storm of revisions."""
    if made is None or decision.action != "make" or now >= quiet_at:
        return decision
    return decision._replace(action="wait", due_at=quiet_at, waiting_for=(*decision.waiting_for, "quiet"))


class _Answer:
    """Builds a Decision, turning a `make` of what is made already into `nothing`."""

    def __init__(self, product: Product, picks: dict[str, Picked], made: Made | None) -> None:
        self.product, self.picks, self.made = product, picks, made

    def __call__(
        self,
        action: Literal["make", "wait", "void", "hopeless"],
        *,
        stage: Stage = "final",
        due_at: datetime | None = None,
        waiting_for: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
        reason: str = "",
    ) -> Decision:
        unfinished = self._unfinished() if action == "make" and stage == "final" else ()
        if unfinished:
            # A later revision of what it is made from may still improve it.
            stage, waiting_for = "provisional", unfinished
        # What is void is void whatever else has come: it is no other void for another neighbour.
        inputs = (
            {} if action == "void" else {name: found.entries for name, found in self.picks.items() if found.entries}
        )
        identity = inputs_hash(inputs, self.product.options)
        done = action == "make" and self._is_made(identity, inputs, stage)
        return Decision(
            action="nothing" if done else action,
            inputs=inputs,
            inputs_hash=identity,
            stage=stage,
            mode=self._mode(),
            due_at=due_at,
            waiting_for=waiting_for,
            missing=missing,
            reason=reason,
        )

    def _is_made(self, identity: str, inputs: dict[str, tuple[TaskInput, ...]], stage: Stage) -> bool:
        if self.made is None:
            return False
        if self.made.inputs_hash == identity:
            return True
        wanted = {
            (name, entry.granule.granule_id, entry.granule.checksum, entry.step)
            for name, entries in inputs.items()
            for entry in entries
        }
        changed = wanted ^ self.made.entries
        if self.made.stage == "final" or stage == "provisional":
            return not any(self._revises(name, step, stage) for name, _, _, step in changed)
        return not changed

    def _revises(self, name: str, step: int, stage: Stage) -> bool:
        entry = self.product.inputs.get(name)
        if entry is None:
            return True
        if isinstance(entry.window, SameSeason) and step < EARLIER_YEARS:
            # A revision of one year does not cascade into the next.
            return False
        if stage == "provisional" and entry.revise == "closing" and step != 0:
            return False
        return entry.triggers

    def _unfinished(self) -> tuple[str, ...]:
        return tuple(
            f"{name}: the final {entry.granule.granule_id}"
            for name, found in self.picks.items()
            if found.input.role in ("trigger", "companion")
            for entry in found.entries
            if entry.granule.stage == "provisional"
        )

    def _mode(self) -> Mode:
        own = [
            entry.granule.mode
            for name, found in self.picks.items()
            if self.product.inputs[name].triggers
            for entry in found.entries
            if entry.step == 0
        ]
        return "reprocessing" if own and all(mode == "reprocessing" for mode in own) else "forward"
