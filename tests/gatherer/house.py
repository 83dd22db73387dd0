"""One ledger, one broker, one store; gatherers that may die at any call, and a worker that answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from core.specimens import sha256
from icestream_core import naming, plugins
from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.message import Registration, decode, encode
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.product import Product
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_gatherer.announce import Announcer
from icestream_gatherer.intake import Intake
from icestream_gatherer.letters import Letters
from icestream_gatherer.look import Looker
from icestream_gatherer.outcomes import Outcomes
from icestream_gatherer.records import Records
from icestream_gatherer.ticker import Ticker, backoff
from icestream_runtime.broker import Broker, Delivery, Message
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.storage import Storage
from icestream_runtime.topology import Binding, Topology, topology, work_queue

HEARD = "test.heard"


class KilledError(Exception):
    """Stands for kill -9: nobody catches it."""


class Dying:
    """Passes calls on, until one of them kills: before it is done, or after."""

    def __init__(self, target: object, method: str, *, after: bool = False) -> None:
        self._target, self._method, self._after = target, method, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name != self._method:
            return found

        def killing(*given: Any, **named: Any) -> Any:
            if self._after:
                found(*given, **named)
            raise KilledError(name)

        return killing


class Gathering:
    """The parts of one gatherer process, without its threads."""

    def __init__(self, ledger: Ledger, broker: Broker, storage: Storage, house: House, settle: timedelta) -> None:
        hooks = plugins.lifecycle([house])
        self.metrics = Metrics()
        letters = Letters(ledger, self.metrics)
        self.records = Records(ledger, broker, letters)
        announcer = Announcer(ledger, broker, storage, self.records, hooks)
        looker = Looker(ledger, broker, self.records, hooks, settle, announcer.announce)
        self.intake = Intake(ledger, self.records, looker, hooks, letters)
        self.outcomes = Outcomes(
            ledger, broker, storage, self.records, looker, hooks, letters, 3,
            backoff(house.backoff_seconds, timedelta(hours=1)), self.intake,
        )  # fmt: skip
        self.ticker = Ticker(ledger, self.records, looker, self.intake, self.outcomes)


class House:
    """Everything that outlives a gatherer.

    fails : products whose tasks fail, with the fault
    voids : products whose tasks are void
    """

    def __init__(self, root: Path, *products: Product, settle: timedelta = timedelta(0)) -> None:
        self.broker, self.storage = MemoryBroker(), Storage(root / "out")
        self.ledger: Ledger = open_ledger(f"sqlite:///{root}/ledger.db", migrate=True)
        self.settle, self.backoff_seconds = settle, 0.0
        self.fails: dict[str, str] = {}
        self.voids: set[str] = set()
        self.made: Counter[tuple[str, str]] = Counter()
        self.failed: list[tuple[str, int, bool]] = []
        self.broker.apply(topology((), [naming.registration_key("*")]))
        self.broker.apply(
            Topology(queues=(work_queue(HEARD),), bindings=(Binding(HEARD, "product.#"), Binding(HEARD, "granule.#")))
        )
        for product in products:
            self.register(product)

    def gatherer(self, *, ledger: object = None, broker: object = None, storage: object = None) -> Gathering:
        return Gathering(
            cast("Ledger", ledger or self.ledger),
            cast("Broker", broker or self.broker),
            cast("Storage", storage or self.storage),
            self,
            self.settle,
        )

    def register(self, product: Product) -> None:
        self.publish(naming.registration_key(product.name), Registration(record=product.record()))
        self.turn(naming.INTAKE, self.gatherer())

    def send(self, *granules: Granule) -> None:
        for granule in granules:
            self.publish(naming.granule_key(granule), granule)

    def publish(self, key: str, message: Any) -> None:
        self.broker.publish([Message(message if isinstance(message, bytes) else encode(message), key)])

    def take(self, queue: str) -> list[Delivery]:
        """Take what a queue has and give it back: to look at."""
        subscription = self.broker.subscribe([queue], 1000)
        found = subscription.drain(1000)
        subscription.close()
        return found

    def turn(self, queue: str, gathering: Gathering) -> int:
        """Let a gatherer handle what a queue has; where it dies, everything comes again."""
        subscription = self.broker.subscribe([queue], 1000)
        try:
            batch = subscription.drain(1000)
            handler = gathering.intake if queue == naming.INTAKE else gathering.outcomes
            if batch:
                handler.handle(batch)
                subscription.ack(*batch)
            return len(batch)
        finally:
            subscription.close()

    def work(self) -> int:
        """Answer every task that waits."""
        done = 0
        for product in self.gatherer().records.all():
            for mode in naming.MODES:
                queue = naming.make_queue(product.name, mode)
                subscription = self.broker.subscribe([queue], 1000)
                batch = subscription.drain(1000)
                for delivery in batch:
                    outcome = self.answer(cast("Task", decode(delivery.body)))
                    self.broker.publish([Message(encode(outcome), naming.OUTCOMES, exchange="")])
                subscription.ack(*batch)
                subscription.close()
                done += len(batch)
        return done

    def answer(self, task: Task) -> Outcome:
        name = task.slot.product
        if name in self.fails:
            return outcome(task, status="failed", fault=self.fails[name], reason="as told", traceback="...")
        if name in self.voids:
            return outcome(task, status="void", reason="polar night")
        target = naming.store_path(task.slot, task.inputs_hash)
        there = self.storage.find(target)
        if there is None:
            self.made[task.slot.key, task.inputs_hash] += 1
            staged = self.storage.stage(task.token)
            (staged / f"{task.slot.key}.nc").write_text(task.inputs_hash)
            file = ManifestFile(
                name=f"{task.slot.key}.nc", role="data", media_type="a/b", size=64, checksum=sha256(task.inputs_hash)
            )
            (staged / "manifest.json").write_text(Manifest(href=target, files=(file,)).model_dump_json())
            there = self.storage.publish(staged, target).manifest
        return outcome(task, status="made", manifest=there)

    def settle_down(self) -> None:
        """Turn until nothing happens any more."""
        for _ in range(50):
            gathering = self.gatherer()
            ticked = gathering.ticker.tick()
            handled = sum(self.turn(queue, gathering) for queue in (naming.INTAKE, naming.OUTCOMES, naming.DEAD))
            if not (ticked + handled + self.work()):
                return
        raise AssertionError("nothing comes to rest")

    def heard(self) -> list[Granule]:
        """Return every announcement that was published, the first first."""
        found = [decode(delivery.body) for delivery in self.take(HEARD)]
        return [each for each in found if isinstance(each, Granule) and each.source_format == "icestream"]

    def heard_ids(self) -> list[str]:
        return [delivery.message_id for delivery in self.take(HEARD) if delivery.message_id]

    def states(self) -> dict[str, str]:
        return {row.slot.key: row.state for row in self.ledger.slots()}

    def shown(self) -> list[str]:
        """Return the files of the dataset tree."""
        root = self.storage.root / "datasets"
        return sorted(path.name for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))

    @hookimpl
    def product_failed(self, slot: Slot, attempts: int, dead: bool) -> None:
        self.failed.append((slot.key, attempts, dead))

    def close(self) -> None:
        self.broker.close()
        self.ledger.close()


def outcome(task: Task, **given: Any) -> Outcome:
    asked: dict[str, Any] = {
        "slot": task.slot,
        "version": task.version,
        "token": task.token,
        "inputs_hash": task.inputs_hash,
        "mode": task.mode,
        "finished_at": datetime.now(UTC),
    }
    return Outcome(**asked | given)


def tasks(deliveries: Sequence[Delivery]) -> list[Task]:
    return [cast("Task", decode(delivery.body)) for delivery in deliveries]


def the(house: House, key: str) -> Any:
    """Return a slot that there must be."""
    row = house.ledger.slot(key)
    assert row is not None
    return row
