"""What the demonstration simulates: a few recent days that make every product, small enough to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from icestream_core.period import eight_day
from icestream_simulator.simulate import TIBET_TILES, Progress, simulate
from icestream_simulator.truth import Truth
from icestream_simulator.write_mod10a2 import PROCESSING_DAYS

MICROWAVE_DAYS = 5
COMPOSITES = 3


@dataclass(frozen=True)
class Order:
    """One call of `simulate`."""

    collection: str
    start: date
    end: date
    options: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 1


@dataclass(frozen=True)
class Demo:
    """The orders of a demonstration, and the world that they are simulated from."""

    orders: tuple[Order, ...]
    truth: Truth

    def write(self, out: Path, progress: Progress | None = None) -> list[Path]:
        """Write all granules, oldest collection first, and return their paths; progress counts over all orders."""
        paths: list[Path] = []
        total, before = sum(order.pieces for order in self.orders), 0
        for order in self.orders:

            def report(done: int, _: int, path: Path, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total, path)

            paths += simulate(
                order.collection, order.start, order.end, out, truth=self.truth, progress=report, **order.options
            )
            before += order.pieces
        return paths


def default_demo(today: date | None = None, seed: int = 0) -> Demo:
    """Return three composites of Terra and Aqua over Tibet, and AMSR2's cold passes of the last one's last five days.

    today : the composites end before it, since nothing is simulated before it could have been measured; by default
        today, UTC
    """
    now = datetime.combine(today or datetime.now(UTC).date(), time(), tzinfo=UTC)
    cut = eight_day()
    last = cut.containing(now - timedelta(days=PROCESSING_DAYS))
    last = last and cut.shift(last, -1)
    first = last and cut.shift(last, 1 - COMPOSITES)
    if first is None or last is None:
        raise ValueError(f"no {COMPOSITES} eight-day periods end before {now:%Y-%m-%d}")
    end = last.end.date() - timedelta(days=1)
    composites = {"tiles": TIBET_TILES}
    return Demo(
        orders=(
            *(
                Order(name, first.start.date(), end, composites, COMPOSITES * len(TIBET_TILES))
                for name in ("mod10a2", "myd10a2")
            ),
            Order("amsr2-l3-tb", end - timedelta(days=MICROWAVE_DAYS - 1), end, {"passes": ("D",)}, MICROWAVE_DAYS),
        ),
        truth=Truth(seed),
    )
