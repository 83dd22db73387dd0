"""Children: where slots are computed. Processes of their own under limits; or, for one-shot commands, right here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol

from icestream_core.plugins import Plugins
from icestream_generation.provenance import Publisher
from icestream_runtime.turns import NICENESS
from icestream_worker.child import Child, End, Limits
from icestream_worker.compute_child import Computer, Job, Load
from icestream_worker.faults import Answer


class Children(Protocol):
    """Computes jobs, as many at once as there are children; from any thread."""

    def compute(self, job: Job, limits: Limits) -> Answer:
        """Return what became of a job.

        Raises LimitError where it went past a limit or its process died, GranuleError where it crashed over a file.
        """

    def wait_until_loaded(self, timeout: float) -> bool:
        """Wait until every child has loaded the plugins, or failed to; False where the time is up before, s."""

    @property
    def free_since(self) -> float | None:
        """Since when a child could take a job, time.monotonic(); None while all are busy."""

    @property
    def busy(self) -> int:
        """How many compute now."""

    def close(self) -> None:
        """End them; who waits for one gets a StorageError."""


class InlineChildren:
    """Computes in this process, one job at a time (HDF5 is not thread-safe), without limits."""

    def __init__(self, plugins: Plugins, publisher: Publisher | None = None) -> None:
        self._computer = Computer(plugins, publisher)
        self._one = threading.Lock()
        self._free_since: float | None = time.monotonic()

    def compute(self, job: Job, limits: Limits) -> Answer:  # noqa: ARG002 - a process cannot be limited from within
        with self._one:
            self._free_since = None
            try:
                return self._computer.compute(job)
            finally:
                self._free_since = time.monotonic()

    def wait_until_loaded(self, timeout: float) -> bool:  # noqa: ARG002 - nothing is to be waited for
        return True

    @property
    def free_since(self) -> float | None:
        return self._free_since

    @property
    def busy(self) -> int:
        return int(self._free_since is None)

    def close(self) -> None:
        """Nothing is to be ended."""


class ProcessChildren:
    """Computes in processes that are spawned, watched, replaced after `recycle_after` jobs and killed past a limit."""

    def __init__(
        self,
        count: int,
        load: Load,
        recycle_after: int,
        publisher: Publisher | None = None,
        on_end: Callable[[Job, End], None] = lambda _job, _end: None,
        of_backfill: int = 0,
    ) -> None:
        """Start the children.

        load : loads the plugins in each child
        on_end : told of every child that was killed or died
        of_backfill : how many of them are meant for backfill, and let all else have the processor first; one at least
            never does
        """
        # The kernel ends a child with the thread that started it: this one lives as long as they may.
        self._nursery = ThreadPoolExecutor(1, "nursery")

        def start(niceness: int) -> Child:
            return Child(self._nursery, load, recycle_after, publisher, on_end, niceness)

        # A process may lower its priority and never raise it again: what a child is meant for is told at its start.
        yielding = min(of_backfill, count - 1)
        self._for_backfill = [start(NICENESS) for _ in range(yielding)]
        self._children = [*self._for_backfill, *(start(0) for _ in range(count - yielding))]
        self._free = list(self._children)
        self._changed = threading.Condition()
        self._free_since: float | None = time.monotonic()

    def compute(self, job: Job, limits: Limits) -> Answer:
        child = self._take(of_backfill=job.task.mode == "reprocessing")
        try:
            return child.compute(job, limits)
        finally:
            self._give_back(child)

    def wait_until_loaded(self, timeout: float) -> bool:
        return not wait([child.loaded for child in self._children], timeout).not_done

    @property
    def free_since(self) -> float | None:
        return self._free_since

    @property
    def busy(self) -> int:
        return len(self._children) - len(self._free)

    def close(self) -> None:
        for child in self._children:
            child.close()
        self._nursery.shutdown()

    def _take(self, *, of_backfill: bool) -> Child:
        """Wait for a child that is free, and return it: one that is meant for this where there is one."""
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            meant = [each for each in self._free if (each in self._for_backfill) == of_backfill]
            child = (meant or self._free)[0]
            self._free.remove(child)
            if not self._free:
                self._free_since = None
            return child

    def _give_back(self, child: Child) -> None:
        with self._changed:
            self._free.append(child)
            self._free_since = self._free_since or time.monotonic()
            self._changed.notify()
