"""A child as its parent sees it: a process that computes under limits, and is watched, ended and replaced."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Final, Literal, NamedTuple

import psutil
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from icestream_core.errors import GranuleError, IcestreamError, LimitError, StorageError
from icestream_generation.provenance import Publisher
from icestream_worker.compute_child import Job, Load, Shown, begin, compute, loaded
from icestream_worker.faults import Answer

WATCH_SECONDS: Final = 0.1
"""Between looks at a child's memory. Most slots are done before the first."""

LAST_WORD_SECONDS: Final = 2.0
"""How long Pebble may take to tell that a process has gone."""

CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})
"""How a process ends that somebody's C code has ruined. While it reads a file, that is the file's fault: a format's
library that meets a damaged one does not always come to refuse it.
"""

HANGS_SECONDS: Final = 60.0
"""Of computing, by which a library must have read a file, whatever the slot's limit."""

BrokenPool = RuntimeError
"""What Pebble raises, as such or as a subclass, for a pool whose process died between two jobs."""

STOPS: Final = "this worker stops"

End = Literal["time", "memory", "died"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a slot may take.

    seconds : from its begin in the child
    resident_bytes : of the child's memory
    """

    seconds: float
    resident_bytes: int


class Started(NamedTuple):
    """A process that was started: a Pebble pool of one.

    A pool of several shares its pipes, and a child that is killed while it writes would block the others.

    shown : what it shows of itself
    loaded : done once it has loaded the plugins
    """

    pool: ProcessPool
    shown: Shown
    loaded: ProcessFuture[None]


class Child:
    """One place in which one process at a time computes one job at a time.

    A process that has computed enough is followed by another, which is started beside it and takes over once it has
    loaded the plugins: no job waits for that.
    """

    def __init__(
        self,
        nursery: ThreadPoolExecutor,
        load: Load,
        recycle_after: int,
        publisher: Publisher | None,
        on_end: Callable[[Job, End], None],
        niceness: int = 0,
    ) -> None:
        """Start the process.

        niceness : of each of its processes, on top of our own
        """
        self._nursery, self._on_end, self._niceness = nursery, on_end, niceness
        self._load, self._recycle_after, self._publisher = load, recycle_after, publisher
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._ending = threading.Lock()
        self._closed = False
        self._computed = 0
        self._successor: Future[Started] | None = None
        self._process = self._nursery.submit(self._start).result()

    def compute(self, job: Job, limits: Limits) -> Answer:
        self._succeed()
        try:
            return self._compute(job, limits)
        except BrokenPool:
            # The process had died while it was idle: the job never began.
            self._replace()
        try:
            return self._compute(job, limits)
        except BrokenPool as error:
            raise self._lost(job, f"this worker cannot keep a child running: {error}") from error

    @property
    def loaded(self) -> Future[None]:
        """Done once the process has loaded the plugins."""
        loaded: Future[None] = self._process.loaded
        return loaded

    def _compute(self, job: Job, limits: Limits) -> Answer:
        if self._closed:
            raise StorageError(STOPS)
        self._computed += 1
        future: ProcessFuture[Answer] = self._process.pool.schedule(
            compute, (job, limits.resident_bytes), timeout=limits.seconds
        )
        watch = Watch(limits.resident_bytes)
        while True:
            try:
                return future.result(WATCH_SECONDS)
            except TimeoutError:
                # The job's limit, or only our pause: then an answer may have come the moment after it.
                if future.done() and isinstance(future.exception(), TimeoutError):
                    raise self._too_late(job, watch, limits.seconds) from None
            except ProcessExpired as error:
                raise self._explained(job, watch, error.exitcode) from None
            if self._closed:
                raise StorageError(STOPS)
            if watch.sees_end(self._process.shown):
                raise self._ended(job, "died", "its process ended without an answer")

    def close(self) -> None:
        """End the process, whatever it does, and the one that was to follow it."""
        self._closed = True
        with self._ending:
            pid = self._process.shown.busy_pid
            if pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
            _end(self._process)
            if self._successor is not None and self._successor.exception() is None:
                _end(self._successor.result())

    def _start(self) -> Started:
        shown = self._context.RawValue(Shown)
        pool = ProcessPool(
            max_workers=1,
            initializer=begin,
            initargs=(self._load, self._publisher, os.getpid(), shown, self._niceness),
            context=self._context,
        )
        try:
            # To ask something of it starts it: the first job need not wait for the imports.
            return Started(pool, shown, pool.schedule(loaded))
        except (OSError, BrokenPool) as error:
            raise StorageError(f"this worker cannot start a child: {error.__cause__ or error}") from error

    def _succeed(self) -> None:
        """Have a successor started once this process has computed enough, and go over to it once it is ready."""
        with self._ending:
            if self._closed:
                return
            if self._successor is None:
                if self._computed >= self._recycle_after:
                    self._successor = self._nursery.submit(self._start)
            elif self._successor.done() and self._successor.exception() is not None:
                # There was no memory for it, say: the next job asks for another.
                self._successor = None
            elif self._successor.done() and self._successor.result().loaded.done():
                self._nursery.submit(_end, self._process)
                self._take_over(self._successor.result())

    def _take_over(self, process: Started) -> None:
        self._process, self._successor, self._computed = process, None, 0

    def _too_late(self, job: Job, watch: Watch, limit: float) -> IcestreamError:
        """Return the error of a process that was ended at its limit.

        Whose library has computed over one file for most of that time will do so again. Only its computing counts: to
        wait for a slow disk or for the processor takes none.
        """
        granule_id = self._process.shown.opening.decode()
        if granule_id and watch.reading_seconds > max(limit / 2, HANGS_SECONDS):
            self._ended(job, "time", "")
            return GranuleError(
                f"{granule_id} kept its reader computing for {watch.reading_seconds:.0f} s of the {limit:g} s that a "
                "slot may take, and it came to no end: the file is damaged, or the library of its format has a fault. "
                "Fetch it again",
                granule_id,
            )
        return self._ended(job, "time", f"it took longer than its limit of {limit:g} s")

    def _explained(self, job: Job, watch: Watch, exitcode: int) -> IcestreamError:
        """Return the error of a process that is no more."""
        if watch.killed_at:
            found, limit = watch.killed_at / 2**20, watch.resident_bytes / 2**20
            return self._ended(job, "memory", f"it took {found:.0f} MiB of memory; its limit is {limit:.0f} MiB")
        if exitcode in (signal.SIGTERM, -signal.SIGTERM):
            return self._lost(job, "somebody told its process to end")
        granule_id = self._process.shown.opening.decode()
        if granule_id and -exitcode in CRASHES:
            self._ended(job, "died", "")
            return GranuleError(
                f"{granule_id} made its reader crash ({_cause(exitcode)}): the file is damaged, or the library of its "
                "format has a fault. Fetch it again",
                granule_id,
            )
        return self._ended(job, "died", f"its process died: {_cause(exitcode)}")

    def _ended(self, job: Job, end: End, reason: str) -> LimitError:
        """Return the error of a process that ended, and over which file where it read one; another takes its place."""
        opening = self._process.shown.opening.decode()
        self._replace()
        self._on_end(job, end)
        return LimitError(f"{reason}, while it read {opening}" if opening else reason)

    def _lost(self, job: Job, reason: str) -> StorageError:
        self._replace()
        self._on_end(job, "died")
        return StorageError(reason)

    def _replace(self) -> None:
        """Begin anew: a process that was killed may have left its pool's pipes half written."""
        with self._ending:
            if not self._closed:
                _end(self._process)
                successor, self._successor = self._successor, None
                self._take_over((successor or self._nursery.submit(self._start)).result())


def _end(process: Started) -> None:
    process.pool.stop()  # type: ignore[no-untyped-call]
    process.pool.join()


class Watch:
    """Looks at a process that computes: at its memory, past whose limit it is killed, and at the file that it reads.

    killed_at : resident memory when it was killed, bytes; nought as long as it was not
    reading_seconds : what it has computed since it began to read the file that it reads, s of the processor
    """

    def __init__(self, resident_bytes: int) -> None:
        self.resident_bytes = resident_bytes
        self.killed_at = 0
        self.reading_seconds = 0.0
        self._opening, self._opened_at = b"", 0.0
        self._gone_at: float | None = None

    def sees_end(self, shown: Shown) -> bool:
        """Look once; True where the process has been gone for so long that nobody will tell."""
        if not shown.busy_pid:
            return False
        try:
            process = psutil.Process(shown.busy_pid)
            resident, computed = process.memory_info().rss, process.cpu_times().user
            if resident > self.resident_bytes and not self.killed_at:
                self.killed_at = resident
                process.kill()
        except psutil.NoSuchProcess:
            now = time.monotonic()
            self._gone_at = self._gone_at or now
            return now - self._gone_at > LAST_WORD_SECONDS
        if shown.opening != self._opening:
            self._opening, self._opened_at = shown.opening, computed
        self.reading_seconds = computed - self._opened_at
        return False


def _cause(exitcode: int) -> str:
    """Return in words how a process ended."""
    if exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"
