"""Small granules, slots, tasks and outcomes for whoever tests a ledger."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from icestream_core.granule import Asset, Granule
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.pick import Recorded
from icestream_core.slot import Slot
from icestream_core.task import Task, TaskInput, inputs_hash
from icestream_core.touch import Query, Touch
from icestream_runtime.ledger.contract import Change, Decide, Ledger, SlotRow

DAY = timedelta(days=1)
FIRST = datetime(2014, 2, 1, tzinfo=UTC)


def sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def granule(name: str = "a", day: int = 0, *, days: float = 1, content: str = "", **given: Any) -> Granule:
    """Return a granule of the collection `tb` that covers `days` from a day after the first of February 2014."""
    start = FIRST + day * DAY
    checksum = sha256(content or name)
    asked: dict[str, Any] = {
        "granule_id": f"{name}.{start:%Y%m%d}",
        "checksum": checksum,
        "collection": "tb",
        "sensor": "ssmis",
        "start": start,
        "end": start + days * DAY,
        "assets": (Asset(href=f"file:///data/{name}", size=1, checksum=checksum),),
        "published_at": start,
        "received_at": start,
    }
    return Granule(**asked | given)


def slot(day: int = 0, product: str = "depth", **given: str) -> Slot:
    """Return the slot of a day after the first of February 2014."""
    start = FIRST + day * DAY
    return Slot(product=product, period=f"{start:%Y%m%d}", start=start, end=start + DAY, **given)


def opening(*slots: Slot) -> list[Touch]:
    """Return the touches that open slots."""
    return [Touch(each.product, each.interval, each.tile, each.variant, opens=True) for each in slots]


def same_days(each: Slot, **given: Any) -> dict[str, Query]:
    """Ask for the granules of the collection `tb` that overlap a slot, as the input `tb`."""
    asked: dict[str, Any] = {"collections": ("tb",), "start": each.start, "end": each.end}
    return {"tb": Query(**asked | {"tile": None, "variant": None, "parts": ()} | given)}


def task(each: Slot, granules: Sequence[Granule] = (), version: str = "1.0.0") -> Task:
    inputs = {"tb": tuple(TaskInput(granule=entry) for entry in granules)}
    return Task(
        slot=each,
        version=version,
        token=uuid.uuid4().hex,
        inputs_hash=inputs_hash(inputs, {}),
        inputs=inputs,
        created_at=FIRST,
    )


def made(of: Task, **given: Any) -> Outcome:
    """Return the outcome of a task that was made."""
    file = ManifestFile(name="a.nc", role="data", media_type="a/b", size=1, checksum=sha256(of.inputs_hash))
    manifest = Manifest(href=f"file:///store/{of.inputs_hash}", files=(file,))
    return _outcome(of, {"status": "made", "manifest": manifest} | given)


def void(of: Task, reason: str = "polar night", **given: Any) -> Outcome:
    """Return the outcome of a task for which there is nothing to make."""
    return _outcome(of, {"status": "void", "reason": reason} | given)


def failed(of: Task, fault: str = "product", **given: Any) -> Outcome:
    """Return the outcome of a task that failed."""
    return _outcome(
        of, {"status": "failed", "fault": fault, "reason": f"a fault of {fault}", "traceback": "..."} | given
    )


def at_least(count: int, **change: Any) -> Decide:
    """Make a slot as soon as its input `tb` has so many granules; wait otherwise."""

    def decide(row: SlotRow, found: Mapping[str, Sequence[Recorded]], now: datetime) -> Change | None:  # noqa: ARG001
        granules = sorted((entry.granule for entry in found["tb"]), key=lambda each: (each.granule_id, each.checksum))
        if len(granules) < count:
            return Change(state="waiting", waiting_for=(f"{count - len(granules)} granules",))
        wanted = task(row.slot, granules)
        if row.made is not None and row.made.inputs_hash == wanted.inputs_hash:
            return Change(state="made")
        return Change(state="tasked", task=wanted, **change)

    return decide


def tasked(ledger: Ledger, each: Slot, count: int = 1, **change: Any) -> Task:
    """Open a slot, look at it and return its task."""
    ledger.slots_touched(opening(each))
    (found,) = ledger.look([each], same_days, at_least(count, **change))
    return found


def row(ledger: Ledger, each: Slot) -> SlotRow:
    found = ledger.slot(each.key)
    assert found is not None
    return found


def seen(ledger: Ledger, each: Slot, **query: Any) -> list[str]:
    """Return the ids of the granules that a look offers for a slot."""
    found: list[str] = []

    def decide(_row: SlotRow, rows: Mapping[str, Sequence[Recorded]], _now: datetime) -> None:
        found.extend(entry.granule.granule_id for entry in rows["tb"])

    ledger.slots_touched(opening(each))
    ledger.look([each], lambda asked: same_days(asked, **query), decide)
    return sorted(found)


def _outcome(of: Task, given: dict[str, Any]) -> Outcome:
    asked: dict[str, Any] = {"slot": of.slot, "version": of.version, "token": of.token, "inputs_hash": of.inputs_hash}
    return Outcome(**asked | {"finished_at": FIRST, "worker": "test"} | given)
