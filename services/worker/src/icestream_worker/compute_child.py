"""What runs in a child process: one slot at a time, from verified files to a staging directory. It talks to nobody.

A child is one process for all its life and Pebble calls plain functions in it, so what it has loaded is kept here.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ctypes import c_int64
from dataclasses import dataclass, replace
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any, ClassVar, Final

import psutil

from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.hookspecs import GROUP
from icestream_core.plugins import Plugins
from icestream_core.task import Task
from icestream_generation.fetched import Fetched, Opening, unwatched
from icestream_generation.provenance import Publisher
from icestream_worker.faults import Answer, attempt

PR_SET_PDEATHSIG: Final = 1

RECORDED: Final = ("icestream-core", "icestream-generation", "numpy", "xarray", "h5netcdf")
"""Distributions whose versions every product records, beside those of the plugins."""

LONGEST_ID: Final = 256

Load = Callable[[], Plugins]
"""Loads the plugins; it is sent to the children, so it must be a function that they can import."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is handed.

    paths : by input, in the order of the task's entries; None for what has no file
    out : the staging directory, empty
    """

    task: Task
    paths: Mapping[str, tuple[str | None, ...]]
    out: str

    def __reduce__(self) -> tuple[Any, ...]:
        # To pickle a task field by field takes longer than all the rest of handing a job over.
        return _job, (self.task.model_dump_json(exclude_defaults=True), dict(self.paths), self.out)


def _job(task: str, paths: Mapping[str, tuple[str | None, ...]], out: str) -> Job:
    return Job(Task.model_validate_json(task), paths, out)


class Computer:
    """Computes with the plugins of one process."""

    def __init__(self, plugins: Plugins, publisher: Publisher | None = None, opening: Opening = unwatched) -> None:
        # Imported here: a worker's parent knows this module too, and needs no arrays.
        from icestream_generation.generate import generate

        self._generate = generate
        self._plugins, self._publisher, self._opening = plugins, publisher, opening
        self._software = software()
        self._process = psutil.Process()

    def compute(self, job: Job) -> Answer:
        """Return what became of a job; never raises."""
        return replace(attempt(lambda: self._compute(job)), resident=self._process.memory_info().rss)

    def _compute(self, job: Job) -> Answer:
        product = self._plugins.product(job.task.slot.product)
        files = {
            name: [
                Fetched(entry, Path(path) if path else None)
                for entry, path in zip(entries, job.paths[name], strict=True)
            ]
            for name, entries in job.task.inputs.items()
        }
        made = self._generate(
            product,
            job.task,
            files,
            self._plugins.collections,
            Path(job.out),
            self._software,
            self._publisher,
            self._opening,
        )
        return Answer("made", seconds=made.seconds, valid=made.valid)


def software() -> dict[str, str]:
    """Return the versions of what takes part in making: ours, every plugin's, and the libraries that write."""
    plugins = {point.dist.name: point.dist.version for point in entry_points(group=GROUP) if point.dist}
    return {"python": platform.python_version(), **{name: version(name) for name in RECORDED}, **plugins}


class _Child:
    """What this process is, once it is a child."""

    computer: Computer
    reading: Reading
    shown: Shown


class Shown(ctypes.Structure):
    """What a child shows of itself to its parent, in memory that both see.

    busy_pid : its process id while it computes, else nought
    opening : the id of the granule whose file it reads, else nothing
    """

    _fields_: ClassVar = [("busy_pid", c_int64), ("opening", ctypes.c_char * LONGEST_ID)]
    busy_pid: int
    opening: bytes


class Reading:
    """Is entered for each file that is read: shows which one, and keeps it from taking all memory.

    limit : bytes that a slot may take
    """

    def __init__(self, shown: Shown) -> None:
        self.limit = 0
        self._shown = shown

    @contextmanager
    def __call__(self, granule: Granule) -> Iterator[None]:
        """Raises GranuleError where more memory is asked for than a slot may take: a damaged file says anything."""
        self._shown.opening = granule.granule_id.encode()[:LONGEST_ID]
        try:
            with more_memory(self.limit):
                yield
        except MemoryError as error:
            raise GranuleError(
                f"reading {granule.granule_id} takes more than the {self.limit / 2**20:.0f} MiB that a slot may take "
                f"({str(error) or 'no more is given'}): the file is damaged, or the limit too low. Fetch it again",
                granule.granule_id,
            ) from error
        finally:
            self._shown.opening = b""


@contextmanager
def more_memory(size: int) -> Iterator[None]:
    """Let this process take so many bytes more; who asks for more than that is refused, and nobody is killed."""
    if sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = psutil.Process().memory_info().data + size
    resource.setrlimit(resource.RLIMIT_DATA, (allowed if hard < 0 else min(allowed, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def begin(load: Load, publisher: Publisher | None, parent: int, shown: Shown, niceness: int) -> None:
    """Make this process a child that dies with its parent, and load the plugins.

    niceness : added to its own; the higher, the more it lets others go first
    """
    _die_with(parent)
    os.nice(niceness)
    _Child.shown, _Child.reading = shown, Reading(shown)
    _Child.computer = Computer(load(), publisher, _Child.reading)


def compute(job: Job, memory: int) -> Answer:
    """Compute a job in this child.

    memory : bytes that it may take
    """
    _Child.reading.limit = memory
    _Child.shown.busy_pid = os.getpid()
    try:
        return _Child.computer.compute(job)
    finally:
        _Child.shown.busy_pid = 0


def loaded() -> None:
    """Answer: whoever asks knows then that this child has begun."""


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone: nobody would publish what it makes."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)
