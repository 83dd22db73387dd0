"""How work on the past gives way to new passes and does not starve: the order of queues, and a priority."""

from __future__ import annotations

from collections.abc import Sequence

FAIR_TURN = 4
"""Every so many turns the last queue comes first: a backfill gets a quarter, near-real-time the rest."""

NICENESS = 5
"""Added to that of processes that make a backfill: Linux gives them a quarter of a processor that something else wants,
and all of one that nothing else does. A slot's time limit goes on meanwhile: with less it would be met too easily.
"""


class Turns:
    """Count what was taken, and say where to look next."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._usual = tuple(queues)
        self._fair = self._usual[::-1]
        self._taken = 0

    def order(self) -> tuple[str, ...]:
        """Return the queues in the order in which to look for the next message."""
        return self._fair if self._taken % FAIR_TURN == FAIR_TURN - 1 else self._usual

    def took(self) -> None:
        """Count a message that was taken."""
        self._taken += 1
