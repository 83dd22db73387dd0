"""The demo while it runs: granules are simulated into the watched directory, and everything is made of them."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from icestream_cli.embedded import Embedded
from icestream_cli.fit import Found, simulated_rows, write_set
from icestream_cli.one_shot import Progress
from icestream_core import naming
from icestream_core.plugins import Plugins
from icestream_runtime.ledger.contract import SlotRow
from icestream_simulator.simulate import simulate
from icestream_simulator.training import TRAINING
from icestream_simulator.truth import Truth

MICROWAVE: Final = "nsidc-0032"
PLATFORM: Final = "F17"
COMPOSITES: Final = ("mod10a2", "myd10a2")
TILES: Final = ("h25v05",)
TIBET: Final = (70.0, 25.0, 106.0, 41.0)
"""West, south, east, north: where the surface temperature of the globe is simulated."""
AUSTRAL_WINTER: Final = (7, 10)
"""Month and day."""
RADAR_SUMMER, RADAR_WINTER = date(2015, 8, 2), date(2016, 1, 5)
"""Descending passes of Sentinel-1 over Nagqu, which did not fly yet on the days of the demonstration."""
SCATTEROMETER: Final = ((date(2007, 1, 19), date(2007, 1, 30)), (date(2007, 3, 20), date(2007, 3, 31)))
ALTAI: Final = (83.0, 41.0, 95.0, 45.0)
"""Winter and the first thaw of a year in which QuikSCAT flew, and where alone it looks."""
LOOK_SECONDS: Final = 0.25
QUIET_SECONDS: Final = 2.0
"""So long nothing may be under way: longer than anything takes from one queue to the next."""
SOON_SECONDS: Final = 60.0
"""What is due later than this is waited for in earnest: the demo ends without it."""
ALL: Final = 100_000


def simulate_days(truth: Truth, first: date, days: int, into: Path, progress: Progress) -> None:
    """Write brightness and surface temperatures of each day, and the snow composites of Terra and Aqua around them."""
    last = first + timedelta(days=days - 1)

    def show(collection: str) -> None:
        def step(done: int, total: int, _path: Path) -> None:
            progress(f"granules of {collection}", done, total)

        around = timedelta(days=8 if collection in COMPOSITES else 0)
        platform = PLATFORM if collection == MICROWAVE else None
        simulate(
            collection, first - around, last + around, into, truth=truth, platform=platform, tiles=TILES, box=TIBET,
            progress=step,
        )  # fmt: skip

    for hemisphere in ("NL", "SL"):  # before what is told by them: an ancillary that comes later makes nothing again
        simulate("ease-loci-mask", last, last, into, truth=truth, grid=hemisphere)
    for collection in (MICROWAVE, "myd11c1", *COMPOSITES):
        show(collection)
    _simulate_radar(truth, into, progress)
    _simulate_ice_sheets(truth, last, into, progress)
    for done, (begin, end) in enumerate(SCATTEROMETER, start=1):
        simulate("quikscat", begin, end, into, truth=truth, grid="ChJ", passes=("D",), box=ALTAI)
        progress("granules of the scatterometer", done, len(SCATTEROMETER))


def _simulate_radar(truth: Truth, into: Path, progress: Progress) -> None:
    """Write a scene of summer and one of winter, and a day of the winter's surface temperature: one pass must do."""
    orders = (("sentinel1-grd", RADAR_SUMMER), ("sentinel1-grd", RADAR_WINTER), ("mod11a1", RADAR_WINTER))
    for done, (collection, day) in enumerate(orders, start=1):
        simulate(collection, day, day, into, truth=truth, tiles=TILES)
        progress("granules of the radar", done, len(orders))


def _simulate_ice_sheets(truth: Truth, last: date, into: Path, progress: Progress) -> None:
    """Write of Antarctica, for melt, a winter day and the last one, with the albedo of that.

    Of whole Antarctica a day takes a while to make, so two must do.
    """
    winter = date(last.year - 1, *AUSTRAL_WINTER)
    orders: tuple[tuple[str, date, str], ...] = (
        ("glass-albedo", last, "SL"),
        ("nsidc-0032", winter, "SL"),
        ("nsidc-0032", last, "SL"),
    )
    for done, (collection, day, grid) in enumerate(orders, start=1):
        simulate(collection, day, day, into, truth=truth, platform=PLATFORM, grid=grid)
        progress("granules of the ice sheets", done, len(orders))


def fit_simulated(plugins: Plugins, into: Path, seed: int, progress: Progress) -> list[str]:
    """Fit, on the simulated world, those products that take parameters; return their names."""
    fitted = []
    for product in plugins.products.values():
        fit = product.fit
        if fit is None or product.name not in TRAINING:
            continue
        found = Found("simulated", simulated_rows(product, fit, seed, progress))
        write_set(plugins, product, fit, fit.learn(found.training.rows, seed), found, into, seed)
        fitted.append(product.name)
    return fitted


def wait_until_made(stream: Embedded, stop: threading.Event, timeout: float, progress: Progress) -> bool:
    """Wait until nothing is under way any more; False where that took too long, or somebody said stop."""
    deadline = time.monotonic() + timeout
    quiet_since: float | None = None
    while time.monotonic() < deadline and not stream.ended.is_set():
        rows = stream.ledger.slots(limit=ALL)
        progress("products", sum(row.state not in ("waiting", "tasked") for row in rows), len(rows))
        if _under_way(stream, rows):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= QUIET_SECONDS:
            return True
        if stop.wait(LOOK_SECONDS):
            return False
    return False


def _under_way(stream: Embedded, rows: list[SlotRow]) -> bool:
    soon = stream.ledger.clock() + timedelta(seconds=SOON_SECONDS)
    queues = [naming.INTAKE, naming.OUTCOMES]
    return (
        not rows
        or not stream.watcher.idle()
        or any(stream.broker.depth(queue).ready for queue in queues)
        or any(row.state == "tasked" or (row.due_at is not None and row.due_at < soon) for row in rows)
        or bool(stream.ledger.to_announce(limit=1))
    )
