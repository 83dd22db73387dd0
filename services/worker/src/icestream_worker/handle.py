"""Handling a task: fetch, compute in a child, publish in one step. The main path of the stream, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from icestream_core import naming
from icestream_core.errors import PluginError
from icestream_core.granule import Asset, Granule
from icestream_core.outcome import Outcome
from icestream_core.product import Product
from icestream_core.task import Task, TaskInput
from icestream_runtime.metrics import ARRIVAL, CHILD_RESIDENT, FETCHED, Metrics
from icestream_runtime.storage import Storage
from icestream_worker.child import Limits
from icestream_worker.children import Children
from icestream_worker.compute_child import Job
from icestream_worker.faults import Answer, attempt

FETCHING_THREADS: Final = 8
LIBRARY: Final = "library:"


class Handler:
    """Makes slots. Safe to use from several threads; each has one task in hand.

    products : that are made here, by name
    worker : the name that outcomes carry
    time_limit, memory_limit : seconds and bytes, instead of the products' own
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        storage: Storage,
        children: Children,
        metrics: Metrics,
        worker: str = "",
        time_limit: float | None = None,
        memory_limit: int | None = None,
    ) -> None:
        self._products, self._storage, self._children, self._metrics = products, storage, children, metrics
        self._worker, self._time_limit, self._memory_limit = worker, time_limit, memory_limit
        self._fetching = ThreadPoolExecutor(FETCHING_THREADS, "fetch")

    def handle(self, task: Task) -> Outcome:
        """Return what became of a task; whatever goes wrong is an outcome too."""
        begun = time.perf_counter()
        seconds: dict[str, float] = {}
        answer = attempt(lambda: self._make(task, seconds))
        seconds.update(answer.seconds)
        seconds["total"] = time.perf_counter() - begun
        return self._outcome(task, answer, seconds)

    def close(self) -> None:
        """Let go of the threads that fetch."""
        self._fetching.shutdown(wait=False, cancel_futures=True)

    def _make(self, task: Task, seconds: dict[str, float]) -> Answer:
        product = self._product(task)
        target = naming.store_path(task.slot, task.inputs_hash)
        there = self._storage.find(target)
        if there is not None:
            return Answer("made", manifest=there, adopted=True)

        held: list[Path] = []
        try:
            with _Timed(seconds, "fetch"):
                paths = self._fetch(task, held)
            return self._compute(Job(task, paths, str(self._storage.stage(task.token))), product, target, seconds)
        finally:
            for path in held:
                self._storage.release(path)

    def _compute(self, job: Job, product: Product, target: str, seconds: dict[str, float]) -> Answer:
        """Have a child write into the job's staging directory, and publish it."""
        staged = Path(job.out)
        try:
            answer = self._children.compute(job, self._limits(product))
            self._metrics.show(CHILD_RESIDENT, answer.resident, product=product.name)
            if answer.status != "made":
                return answer
            with _Timed(seconds, "publish"):
                published = self._storage.publish(staged, target)
        finally:
            # Nothing is left of it where it was published.
            self._storage.discard(staged)
        return replace(answer, manifest=published.manifest, adopted=published.adopted)

    def _product(self, task: Task) -> Product:
        """Return the product of a task; raises PluginError where this worker cannot make it as it is wanted."""
        product = self._products.get(task.slot.product)
        if product is None:
            made = ", ".join(sorted(self._products)) or "nothing"
            raise PluginError(f"this worker makes {made}; the task wants {task.slot.product}")
        if _ordered(product.version) < _ordered(task.version):
            raise PluginError(
                f"this worker has {product.name} {product.version}; the task wants {task.version}: upgrade the worker"
            )
        return product

    def _fetch(self, task: Task, held: list[Path]) -> dict[str, tuple[str | None, ...]]:
        """Return the verified local files of a task's inputs, in their order.

        held : takes every file that was fetched, also where another one could not be
        """
        wanted = [(entry.granule, asset_of(entry)) for entries in task.inputs.values() for entry in entries]
        if sum(asset is not None for _, asset in wanted) > 1:
            fetching = [self._fetching.submit(self._fetch_one, *each, held) for each in wanted]
            # All of them: what comes after the first error must be let go of too.
            wait(fetching)
            found = [each.result() for each in fetching]
        else:
            found = [self._fetch_one(*each, held) for each in wanted]
        paths = iter(found)
        return {name: tuple(next(paths) for _ in entries) for name, entries in task.inputs.items()}

    def _fetch_one(self, granule: Granule, asset: Asset | None, held: list[Path]) -> str | None:
        if asset is None:
            return None
        path = self._storage.fetch(asset, granule.granule_id)
        held.append(path)
        self._metrics.count(FETCHED, asset.size, collection=granule.collection)
        return str(path)

    def _limits(self, product: Product) -> Limits:
        return Limits(
            self._time_limit or product.time_limit.total_seconds(), self._memory_limit or product.memory_limit
        )

    def _outcome(self, task: Task, answer: Answer, seconds: dict[str, float]) -> Outcome:
        now = datetime.now(UTC)
        arrivals = [
            entry.granule.received_at for entries in task.inputs.values() for entry in entries if entry.granule.assets
        ]
        if arrivals:
            seconds[ARRIVAL] = max(0.0, (now - max(arrivals)).total_seconds())
        at_fault = _granule_at_fault(task, answer)
        product = self._products.get(task.slot.product)
        return Outcome(
            slot=task.slot,
            version=product.version if product else task.version,
            token=task.token,
            inputs_hash=task.inputs_hash,
            status=answer.status,
            reason=answer.reason,
            # A granule that nobody can name cannot be quarantined: then it counts as a failure of the product.
            fault="product" if answer.fault == "granule" and at_fault is None else answer.fault,
            granule_id=at_fault.granule_id if at_fault else "",
            granule_checksum=at_fault.checksum if at_fault else "",
            traceback=answer.traceback,
            manifest=answer.manifest,
            seconds=seconds,
            valid=dict(answer.valid),
            adopted=answer.adopted,
            mode=task.mode,
            traceparent=task.traceparent,
            finished_at=now,
            worker=self._worker,
        )


def asset_of(entry: TaskInput) -> Asset | None:
    """Return the data file of an input; None for a void granule and for what a library ships."""
    assets: Sequence[Asset] = entry.granule.assets
    data = next((asset for asset in assets if asset.role == "data"), assets[0] if assets else None)
    return None if data is None or data.href.startswith(LIBRARY) else data


def _granule_at_fault(task: Task, answer: Answer) -> Granule | None:
    if answer.fault != "granule":
        return None
    granules = [entry.granule for entries in task.inputs.values() for entry in entries]
    named = [granule for granule in granules if granule.granule_id == answer.granule_id]
    if named:
        return named[0]
    return granules[0] if len(granules) == 1 and not answer.granule_id else None


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


class _Timed:
    """Adds what a block took to a step."""

    def __init__(self, seconds: dict[str, float], step: str) -> None:
        self._seconds, self._step = seconds, step

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._step] = time.perf_counter() - self._begun
