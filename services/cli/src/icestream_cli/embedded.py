"""The embedded stream: watcher, gatherer and worker on threads of one process, and their products on one machine.

It stops in the order of the flow: nothing new comes in, what is in hand is made, what was made is announced.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from icestream_cli.registration import topology_of
from icestream_core import naming
from icestream_core.errors import SettingsError
from icestream_core.granule import Mode
from icestream_core.plugins import Plugins
from icestream_core.product import Product
from icestream_gatherer.__main__ import run as run_gatherer
from icestream_runtime.broker import Broker
from icestream_runtime.health import Check, HealthServer
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.registration import send_records
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.topology import catalogue_topology
from icestream_runtime.tracing import Tracer
from icestream_watcher.__main__ import watcher
from icestream_watcher.notices.service import has_notices
from icestream_worker.__main__ import run as run_worker

LAST_ANSWERS_SECONDS: Final = 10.0
"""How long the gatherer may take for the outcomes that the worker left."""
POLL_SECONDS: Final = 0.1


class Embedded:
    """A whole stream; use it as a context manager. It runs inside, and has stopped after.

    Without a broker in the settings the messages are in memory: what was in them when a process died is offered again
    from the ledger, and by the watcher, which announces every file anew.
    """

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        products: Sequence[Product],
        directories: Sequence[Path],
        mode: Mode = "forward",
        lifecycle: Sequence[object] = (),
        serve: bool = False,
        tracer: Tracer | None = None,
    ) -> None:
        """Wire everything.

        serve : have a catalogue too, with its page
        tracer : by the settings where absent
        """
        self._serve = serve
        if has_notices(settings):
            # A notice is acked when its granule is safe; in memory nothing is.
            raise SettingsError("notices are heard by `icestream watch`, which needs a broker; unset them here")
        self._settings, self._products, self._lifecycle = settings, products, lifecycle
        self._closing = ExitStack()
        self.metrics = Metrics()
        self.broker: Broker = MemoryBroker() if settings.amqp_url is None else open_rabbitmq(settings, "run")
        self._closing.callback(self.broker.close)
        if tracer is None and (tracer := Tracer.of(settings, "run")) is not None:
            self._closing.callback(tracer.close)
        self._tracer = tracer
        collections = list(plugins.collections.values())
        self.watcher = watcher(settings, directories, self.broker, collections, self.metrics, mode, tracer)
        self._storage = Storage.of(settings)
        self.ledger: Ledger = open_ledger(settings.ledger_url.get_secret_value(), migrate=True)
        self._closing.callback(self.ledger.close)
        self._threads = ThreadPoolExecutor(4, "part")
        self._parts: dict[str, tuple[threading.Event, Future[None]]] = {}
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        """Start everything; products are known before the first granule comes."""
        # First, because a port in use ends it all, and nothing runs yet that would have to be stopped.
        health = self._health()
        if isinstance(self.broker, MemoryBroker):
            made = {product.name for product in self._products}
            self.ledger.republish(sorted({name for each in self._products for name in each.collections_read} & made))
        self.broker.apply(topology_of(self._products))
        send_records(self.broker, self._products)
        if self._serve:
            self.broker.apply(catalogue_topology())
            self._start("catalogue", self._keep)
        self._start("gatherer", self._gather)
        self._start("worker", self._work)
        self._start("watcher", self.watcher.run)
        if health is not None:
            self.metrics.introduce("run")
            self._closing.enter_context(health)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything in order, then raise what a part ended with."""
        try:
            self._stop("watcher")
            self._stop("worker")
            self._wait_for_last_answers()
            self._stop("gatherer")
            self._stop("catalogue")
        finally:
            # Where the order could not be kept, a broker that is away, say: whoever was not told yet works on.
            for stop, _ in self._parts.values():
                stop.set()
            self._threads.shutdown()
            self._closing.close()
        for _, future in self._parts.values():
            future.result()

    def wait(self, stop: threading.Event) -> None:
        """Run until told to stop, or until a part ends by itself."""
        while not stop.wait(POLL_SECONDS):
            if self.ended.is_set():
                return

    def _gather(self, stop: threading.Event) -> None:
        run_gatherer(
            self._settings,
            stop,
            broker=self.broker,
            ledger=self.ledger,
            storage=self._storage,
            metrics=self.metrics,
            lifecycle=self._lifecycle,
            tracer=self._tracer,
        )

    def _work(self, stop: threading.Event) -> None:
        run_worker(
            self._settings,
            self._products,
            stop,
            broker=self.broker,
            storage=self._storage,
            metrics=self.metrics,
            tracer=self._tracer,
        )

    def _keep(self, stop: threading.Event) -> None:
        # Its web server takes a moment to import, which a stream without a page need not wait for.
        from icestream_catalogue.__main__ import run

        run(self._settings, stop, broker=self.broker, ledger=self.ledger, storage=self._storage, metrics=self.metrics)

    def _health(self) -> HealthServer | None:
        """Return what will answer how it is, its port bound; None where no port is set."""
        port = self._settings.metrics_port
        if port is None:
            return None
        live = [Check("parts", self._dead_part), *self.watcher.live]
        return HealthServer(live, self.watcher.ready, self.metrics.registry, port, metrics=self.metrics)

    def _start(self, name: str, run: Callable[[threading.Event], None]) -> None:
        stop = threading.Event()
        future = self._threads.submit(run, stop)
        future.add_done_callback(lambda _: self.ended.set())
        self._parts[name] = stop, future

    def _stop(self, name: str) -> None:
        if name in self._parts:
            stop, future = self._parts[name]
            stop.set()
            future.exception()

    def _wait_for_last_answers(self) -> None:
        """Let the gatherer finalise what the worker answered last, while it is able to."""
        deadline = time.monotonic() + LAST_ANSWERS_SECONDS
        while self._alive("gatherer") and time.monotonic() < deadline:
            if self.broker.depth(naming.OUTCOMES).ready == 0:
                return
            time.sleep(POLL_SECONDS)

    def _alive(self, name: str) -> bool:
        return name in self._parts and not self._parts[name][1].done()

    def _dead_part(self) -> str | None:
        return ", ".join(f"{name} has ended" for name in self._parts if not self._alive(name)) or None
