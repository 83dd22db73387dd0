"""The gatherer service: wiring. `run` is a gatherer in a thread of any process; `main` is a process that is one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack

import structlog

from icestream_core import plugins
from icestream_core.errors import LedgerAway
from icestream_gatherer.gatherer import AWAY_SECONDS, Gatherer
from icestream_runtime import logs
from icestream_runtime.broker import Broker
from icestream_runtime.health import HealthServer
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.meter import MeterLifecycle
from icestream_runtime.metrics import Metrics
from icestream_runtime.process import serve
from icestream_runtime.rabbitmq.opening import open_rabbitmq
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.tracing import TraceLifecycle, Tracer


def main() -> int:
    """Be a gatherer with the settings of the environment until SIGTERM; return the exit code."""
    return serve("gatherer", lambda settings, stop: run(settings, stop, serve_health=True))


def run(
    settings: Settings,
    stop: threading.Event,
    *,
    broker: Broker | None = None,
    ledger: Ledger | None = None,
    storage: Storage | None = None,
    metrics: Metrics | None = None,
    lifecycle: Sequence[object] = (),
    tracer: Tracer | None = None,
    serve_health: bool = False,
) -> None:
    """Gather until `stop` is set.

    broker, ledger, storage, metrics : the gatherer's own, by the settings, where absent; given ones stay open
    lifecycle : plugin objects with lifecycle hooks, beside logs and metrics
    tracer : by the settings where absent
    """
    with ExitStack() as closing:
        metrics = metrics or Metrics()
        if broker is None:
            broker = open_rabbitmq(settings, "gatherer")
            closing.callback(broker.close)
        if ledger is None:
            ledger = _patiently_opened(settings, stop)
            if ledger is None:
                return
            closing.callback(ledger.close)

        def family(product: str) -> str:
            return gatherer.records.family(product)

        if tracer is None and (tracer := Tracer.of(settings, "gatherer")) is not None:
            closing.callback(tracer.close)
        if tracer is not None:
            lifecycle = [*lifecycle, TraceLifecycle(tracer)]
        hooks = plugins.lifecycle([logs.LogLifecycle(), MeterLifecycle(metrics, family), *lifecycle])
        gatherer = Gatherer(settings, broker, ledger, storage or Storage.of(settings), metrics, hooks)
        if serve_health and settings.metrics_port is not None:
            server = HealthServer(
                gatherer.live, gatherer.ready, metrics.registry, settings.metrics_port, metrics=metrics
            )
            metrics.introduce("gatherer")
            structlog.stdlib.get_logger("icestream.gatherer").info("health is served", port=server.port)
            closing.enter_context(server)
        gatherer.run(stop)


def _patiently_opened(settings: Settings, stop: threading.Event) -> Ledger | None:
    """Return the ledger once it answers; None where told to stop before. Raises LedgerError where it refuses."""
    said = ""
    while True:
        try:
            return open_ledger(settings.ledger_url.get_secret_value())
        except LedgerAway as error:
            if str(error) != said:
                said = str(error)
                structlog.stdlib.get_logger("icestream.gatherer").warning("away", part="start", reason=said)
        if stop.wait(AWAY_SECONDS):
            return None


if __name__ == "__main__":
    sys.exit(main())
