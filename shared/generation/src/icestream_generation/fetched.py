"""A file that a worker's parent has fetched, and the granule that it is of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from icestream_core.granule import Granule
from icestream_core.task import TaskInput

Opening = Callable[[Granule], AbstractContextManager[None]]
"""Entered while a granule's file is read: whoever watches a process that dies then knows over which one."""


def unwatched(_: Granule) -> AbstractContextManager[None]:
    """Open a granule without telling anybody."""
    return nullcontext()


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
