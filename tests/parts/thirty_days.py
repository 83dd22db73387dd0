"""Thirty simulated days of a radiometer and two imagers, and what the stream must have made of them in the end."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from icestream_core.period import eight_day
from icestream_simulator.simulate import cold_pass, simulate
from icestream_simulator.truth import Truth

TILE = "h25v05"
DAYS = 30
GRIDS = {"nsidc-0032": "nl", "amsr2-l3-tb": "eq25"}
DELIVERIES = {"snow-depth-china": 3, "snow-depth-tibet-005": 1, "snow-cover-hma": 1}


@dataclass(frozen=True)
class ThirtyDays:
    """Where the simulated granules lie, and what they are.

    corrected : the channel of one day that was sent again, with other bytes
    """

    first: date
    microwave: str
    files: Path
    corrected: Path

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(DAYS)]

    @property
    def composites(self) -> list[str]:
        start = datetime.combine(self.first, time(), tzinfo=UTC)
        return [near.label for near in eight_day().of_granule(start, start + timedelta(days=DAYS))]

    def slots(self) -> dict[str, set[str]]:
        """Return the keys of the slots that must have a current result, by product."""
        days = [f"{day:%Y%m%d}" for day in self.days]
        return {
            "cold-pass-tb": {f"cold-pass-tb.{d}.{GRIDS[self.microwave]}.cold" for d in days},
            "snow-depth-china": {f"snow-depth-china.{d}" for d in days},
            "snow-depth-tibet-005": {f"snow-depth-tibet-005.{d}" for d in days},
            "snow-cover-hma": {f"snow-cover-hma.{c}.{TILE}" for c in self.composites},
            "snow-cover-probability": {f"snow-cover-probability.{c}" for c in self.composites},
        }

    def neighbours(self, label: str) -> set[str]:
        """Return the cold passes that a day's snow depth is made from: three days on either side, within the days."""
        day = datetime.strptime(label, "%Y%m%d").replace(tzinfo=UTC).date()
        near = [day + timedelta(days=step) for step in range(-3, 4)]
        return {f"cold-pass-tb.{each:%Y%m%d}.{GRIDS[self.microwave]}.cold" for each in near if each in self.days}

    def drop(self, watched: Path, seed: int) -> Iterator[Path]:
        """Copy every file into a watched directory in random order, some of them twice, and give each as it lands."""
        chance = random.Random(seed)
        files = sorted(self.files.rglob("*.*"))
        twice = chance.sample(files, len(files) // 10)
        wanted = [(file, watched / file.name) for file in files]
        wanted += [(file, watched / "again" / file.name) for file in twice]
        chance.shuffle(wanted)
        (watched / "again").mkdir(exist_ok=True)
        for source, target in wanted:
            yield _land(source, target)

    def correct(self, watched: Path) -> Path:
        """Send one channel of one day again, with other bytes."""
        (watched / "resent").mkdir(exist_ok=True)
        return _land(self.corrected, watched / "resent" / self.corrected.name)


def _land(source: Path, target: Path) -> Path:
    """Copy a file to where it is watched for: under another name first, then in one step."""
    partial = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, partial)
    partial.rename(target)
    return target


def thirty_days(factory: pytest.TempPathFactory, name: str, first: date, microwave: str) -> ThirtyDays:
    """Return thirty days, written once for all processes that share this run's tests: it takes a minute."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    root, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            simulate_thirty_days(root, first, microwave)
            done.touch()
    (corrected,) = (path for path in (root / "corrected").rglob("*.*") if path.suffix == ".37H" or "SGT36" in path.name)
    return ThirtyDays(first, microwave, root / "granules", corrected)


def simulate_thirty_days(root: Path, first: date, microwave: str) -> None:
    """Write the granules of thirty days, of the cold pass and of one tile over the Tibetan Plateau."""
    truth = Truth(7)
    last = first + timedelta(days=DAYS - 1)
    files = root / "granules"
    passes = [cold_pass(microwave, first)]
    simulate(microwave, first, last, files, truth=truth, passes=passes)
    for collection in ("mod10a2", "myd10a2"):
        simulate(collection, first, last, files, truth=truth, tiles=(TILE,))
    day = first + timedelta(days=11)
    simulate(microwave, day, day, root / "corrected", truth=truth, passes=passes, edition=1)
