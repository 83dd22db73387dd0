"""The timeline: what becomes of a product's slots, read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from icestream_runtime.ledger.contract import SlotRow

OVERDUE: Final = timedelta(minutes=2)
"""A slot that should have been looked at so long ago is late: nobody looks."""
QUEUED: Final = timedelta(minutes=30)
"""A task that has been out for so long is late, unless its product may take longer."""


def described(row: SlotRow, now: datetime, longest: timedelta = QUEUED) -> dict[str, Any]:
    """Return a slot as the page shows it.

    longest : how long a task of its product may be out
    """
    made = row.made
    return {
        "slot": row.slot.key,
        "product": row.slot.product,
        "period": row.slot.period,
        "tile": row.slot.tile,
        "variant": row.slot.variant,
        "start": row.slot.start,
        "end": row.slot.end,
        "state": row.state,
        "late": late(row, now, longest),
        "stage": made.stage if made else "",
        "revision": row.revision,
        "waiting_for": list(row.waiting_for) if row.state == "waiting" else [],
        "due": row.due_at,
        "attempts": row.attempts,
        "reason": row.reason,
        "updated": row.updated_at,
    }


def late(row: SlotRow, now: datetime, longest: timedelta = QUEUED) -> str:
    """Return why a slot is late; empty where it is not.

    What waits has until its due date, which the patience of its inputs sets; a task has the time that its product may
    take, and some to wait for a worker.
    """
    if row.state == "waiting" and row.due_at is not None and now - row.due_at > OVERDUE:
        return "was to be looked at, and nobody did: is the gatherer running?"
    if row.state == "tasked" and now - row.updated_at > max(QUEUED, longest):
        return "no worker has answered: are workers of this product running?"
    return ""


def time_limits(records: Mapping[str, Mapping[str, Any]]) -> dict[str, timedelta]:
    """Return twice the time that a slot of each product may take."""
    return {name: 2 * _duration(str(record.get("time_limit", ""))) for name, record in records.items()}


def quantiles(values: Sequence[float]) -> dict[str, float | int] | None:
    """Return median and ninth decile of latencies, s; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return {
        "median": ordered[len(ordered) // 2],
        "p90": ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))],
        "count": len(ordered),
    }


def _duration(text: str) -> timedelta:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(timedelta).validate_python(text)
    except ValidationError:
        return QUEUED
