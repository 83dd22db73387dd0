"""A file that a worker's parent has fetched, and the granule that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from icestream_core.granule import Granule
from icestream_core.task import TaskInput


@dataclass(frozen=True, slots=True)
class Fetched:
    """One granule of a task, its data file at hand.

    path : a local file, whole and of the right checksum; None for void granules and for what a library ships
    """

    entry: TaskInput
    path: Path | None = None

    @property
    def granule(self) -> Granule:
        return self.entry.granule

    @property
    def step(self) -> int:
        return self.entry.step
