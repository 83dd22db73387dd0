"""Shrinking: from a schedule that makes the stream fail to a short one that still does, by running parts of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Event = TypeVar("Event")


def shrink(events: Sequence[Event], fails: Callable[[list[Event]], bool], runs: int) -> list[Event]:
    """Return the shortest part of a failing list of events that was seen to fail, in at most so many runs.

    Halves are tried first, then ever smaller parts are left out (delta debugging, Zeller & Hildebrandt 2002,
    doi:10.1109/32.988498). A fault that hangs on luck may not come again: then the list stays as long as it was.
    """
    kept, parts = list(events), 2
    while len(kept) > 1 and runs > 0:
        size = -(-len(kept) // parts)
        chunks = [kept[begin : begin + size] for begin in range(0, len(kept), size)]
        candidates = chunks if parts == 2 else []
        candidates = candidates + [
            [event for other, chunk in enumerate(chunks) if other != left_out for event in chunk]
            for left_out in range(len(chunks))
            if len(chunks) > 2
        ]
        for candidate in candidates:
            if runs <= 0:
                return kept
            runs -= 1
            if fails(candidate):
                kept, parts = candidate, max(2, parts - 1)
                break
        else:
            if size == 1:
                return kept
            parts = min(len(kept), 2 * parts)
    return kept
