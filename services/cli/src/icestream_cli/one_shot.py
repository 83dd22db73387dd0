"""The stream without its services: granules that are at hand become a product at once, in this thread.

The parts are the services' own - look, handle, finalise, announce - over a ledger and a broker in memory.
Nothing is waited for: what is not among the granules does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from icestream_core import naming, plugins
from icestream_core.errors import StorageError
from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.message import decode, encode
from icestream_core.outcome import Outcome
from icestream_core.pick import Recorded
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_core.touch import Query
from icestream_gatherer.letters import Letters
from icestream_gatherer.look import Looker
from icestream_gatherer.outcomes import Outcomes
from icestream_gatherer.records import Records
from icestream_runtime.broker import Message
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.contract import Change, Decide, SlotRow
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.topology import topology

if TYPE_CHECKING:
    from icestream_runtime.storage import Storage
    from icestream_worker.handle import Handler

AFTER_ALL_PATIENCE: Final = datetime(9000, 1, 1, tzinfo=UTC)
HELD: Final = 10_000

Progress = Callable[[str, int, int], None]
"""Told (product, slots done, slots in all so far)."""


class Made(NamedTuple):
    """What became of a slot.

    outcome : of its current revision; None where it has none
    stage : of the announcement
    """

    row: SlotRow
    outcome: Outcome | None
    stage: str
    missing: tuple[str, ...]


def needed_for(product: Product, installed: Mapping[str, Product]) -> list[Product]:
    """Return the installed products that a product is made of, directly or not, in the order to make them; it last."""
    graph: dict[str, set[str]] = {}
    waiting = [product.name]
    while waiting:
        name = waiting.pop()
        if name not in graph:
            graph[name] = {source for source in installed[name].collections_read if source in installed} - {name}
            waiting += graph[name]
    return [installed[name] for name in TopologicalSorter(graph).static_order()]


class OneShot:
    """Makes products of granules, one product after the other.

    jobs : slots that are made at once; more than one needs children that are processes
    """

    def __init__(self, handler: Handler, storage: Storage, jobs: int = 1, progress: Progress | None = None) -> None:
        self._handler, self._jobs = handler, jobs
        self._progress = progress or (lambda _product, _done, _total: None)
        self._broker = MemoryBroker()
        self._broker.apply(topology())
        self._ledger = open_ledger("sqlite://")
        self._letters = Letters(self._ledger, Metrics())
        self._records = Records(self._ledger, self._broker, self._letters)
        self._listener = _Listener()
        self._storage = storage
        self._missing: dict[str, tuple[str, ...]] = {}

    def make(self, order: Sequence[Product], granules: Sequence[Granule]) -> dict[str, list[Made]]:
        """Make products in this order from granules and from each other; returns their slots by product.

        The files say that they were created when the newest granule was published, so that the same granules give
        the same bytes. Raises StorageError where input or output cannot be reached.
        """
        created_at = max(granule.published_at for granule in granules)
        hooks = plugins.lifecycle([self._listener])
        ledger = cast("Ledger", _WithoutPatience(self._ledger, created_at))
        looker = Looker(ledger, self._broker, self._records, hooks, timedelta(0))
        outcomes = Outcomes(
            self._ledger,
            self._broker,
            self._storage,
            self._records,
            looker,
            hooks,
            self._letters,
            max_attempts=1,
            backoff=_at_once,
        )
        known = list(granules)
        self._ledger.record_granules(known)
        for product in order:
            self._records.register(product.record())
            touches = [touch for touch in self._records.touched_by(known) if touch.product == product.name]
            looker.look(self._ledger.slots_touched(touches))
            self._turn(product, outcomes)
            announced = self._listener.take()
            self._ledger.record_granules(announced)
            known += announced
        return {product.name: self._made(product) for product in order}

    def announced(self) -> list[Granule]:
        """Return what was announced of everything that was made."""
        return self._listener.announced

    def left_out(self) -> list[tuple[Granule, str]]:
        """Return the granules that turned out to be bad, each with the reason."""
        return self._ledger.granules(quarantined=True, limit=HELD)

    def close(self) -> None:
        """Forget everything that was in memory."""
        self._broker.close()
        self._ledger.close()

    def _turn(self, product: Product, outcomes: Outcomes) -> None:
        """Make what is asked of a product, and what its outcomes ask for in turn, until nothing more is."""
        asked = self._broker.subscribe([naming.make_queue(product.name, mode) for mode in naming.MODES], HELD)
        answered = self._broker.subscribe([naming.OUTCOMES], HELD)
        done = total = 0
        with ThreadPoolExecutor(self._jobs, "slot") as threads:
            while deliveries := asked.drain(HELD):
                tasks = [cast("Task", decode(delivery.body)) for delivery in deliveries]
                total += len(tasks)
                self._progress(product.name, done, total)
                for outcome in threads.map(self._handler.handle, tasks):
                    if outcome.fault == "storage":
                        raise StorageError(f"{outcome.slot.key}: {outcome.reason}")
                    self._broker.publish([Message(encode(outcome), naming.OUTCOMES, exchange="")])
                    done += 1
                    self._progress(product.name, done, total)
                self._missing |= {task.slot.key: task.missing for task in tasks}
                asked.ack(*deliveries)
                batch = answered.drain(HELD)
                outcomes.handle(batch)
                answered.ack(*batch)
        asked.close()
        answered.close()
        outcomes.announce()

    def _made(self, product: Product) -> list[Made]:
        rows = sorted(self._ledger.slots(product=product.name, limit=HELD), key=lambda row: row.slot.key)
        return [
            Made(row, *self._listener.last(row.slot), self._missing.get(row.slot.key, row.waiting_for)) for row in rows
        ]


class _WithoutPatience:
    """The ledger for who looks: all waiting is over, and tasks are created when the newest granule was published."""

    def __init__(self, ledger: Ledger, created_at: datetime) -> None:
        self._ledger, self._created_at = ledger, created_at

    def look(self, slots: Sequence[Slot], queries: Callable[[Slot], dict[str, Query]], decide: Decide) -> list[Task]:
        def decide_now(row: SlotRow, found: Mapping[str, Sequence[Recorded]], _now: datetime) -> Change | None:
            change = decide(row, found, AFTER_ALL_PATIENCE)
            if change is None or change.task is None:
                return change
            return replace(change, task=change.task.model_copy(update={"created_at": self._created_at}))

        return self._ledger.look(slots, queries, decide_now)

    def task_published(self, tasks: Sequence[Task]) -> None:
        self._ledger.task_published(tasks)


class _Listener:
    """Keeps what is announced."""

    def __init__(self) -> None:
        self._announced: list[Granule] = []
        self.announced: list[Granule] = []
        self._outcomes: dict[str, tuple[Outcome, str]] = {}

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome, announcement: Granule | None) -> None:
        if announcement is not None:
            self._announced.append(announcement)
            self._outcomes[slot.key] = outcome, announcement.stage

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome, dead: bool) -> None:
        if dead:
            self._outcomes[slot.key] = outcome, ""

    def take(self) -> list[Granule]:
        taken, self._announced = self._announced, []
        self.announced += taken
        return taken

    def last(self, slot: Slot) -> tuple[Outcome | None, str]:
        return self._outcomes.get(slot.key, (None, ""))


def _at_once(_attempts: int) -> float:
    return 0.0


def result(made: Made) -> dict[str, Any]:
    """Return what became of a slot as plain data: one JSON object."""
    slot, outcome = made.row.slot, made.outcome
    manifest = outcome.manifest if outcome is not None and outcome.status == "made" else None

    def paths(role: str) -> list[str]:
        return [f"{manifest.href}/{file.name}" for file in manifest.of_role(role)] if manifest else []

    def path(role: str) -> str | None:
        return next(iter(paths(role)), None)

    return {
        "product": slot.product,
        "period": slot.period,
        "tile": slot.tile,
        "variant": slot.variant,
        "revision": made.row.revision,
        "stage": made.stage,
        "state": made.row.state,
        "reason": (outcome.reason if outcome and not manifest else "") or made.row.reason,
        "path": path("data"),
        "deliveries": paths("delivery"),
        "quicklook": path("quicklook"),
        "stac": path("stac"),
        "missing": list(made.missing),
        "seconds": round(outcome.seconds.get("total", 0.0), 3) if outcome else 0.0,
    }
