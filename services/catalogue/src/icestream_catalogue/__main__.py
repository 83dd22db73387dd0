"""The catalogue service: wiring. `run` is a catalogue in a thread of any process; `main` is a process that is one."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack

import structlog

from icestream_catalogue.api import Api
from icestream_catalogue.app import application
from icestream_catalogue.assets import Assets
from icestream_catalogue.catalogue import Catalogue
from icestream_catalogue.live import Live
from icestream_catalogue.server import WebServer
from icestream_catalogue.store import open_store
from icestream_catalogue.views import Views
from icestream_runtime.broker import Broker
from icestream_runtime.health import Check, HealthServer
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.metrics import Metrics
from icestream_runtime.process import serve
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage


def main() -> int:
    """Be a catalogue with the settings of the environment until SIGTERM; return the exit code."""
    return serve("catalogue", lambda settings, stop: run(settings, stop, serve_health=True))


def run(
    settings: Settings,
    stop: threading.Event,
    *,
    broker: Broker | None = None,
    ledger: Ledger | None = None,
    storage: Storage | None = None,
    metrics: Metrics | None = None,
    serve_health: bool = False,
    rebuild: bool = False,
) -> None:
    """Keep and serve until `stop` is set.

    broker, ledger, storage, metrics : the catalogue's own, by the settings, where absent; given ones stay open
    rebuild : forget all items first, and take everything from the ledger
    """
    log = structlog.stdlib.get_logger("icestream.catalogue")
    with ExitStack() as closing:
        metrics = metrics or Metrics()
        if broker is None:
            broker = open_rabbitmq(settings, "catalogue")
            closing.callback(broker.close)
        if ledger is None:
            ledger = open_ledger(settings.ledger_url.get_secret_value())
            closing.callback(ledger.close)
        storage = storage or Storage.of(settings)
        store = open_store(settings.catalogue_url.get_secret_value())
        closing.callback(store.close)
        publisher = {"name": settings.publisher_name, "url": settings.publisher_url}

        catalogue = Catalogue(broker, store, ledger, storage, metrics, settings.deaf_seconds)
        live = Live(store, ledger, metrics)
        poller = threading.Thread(target=live.run, args=(stop,), name="live")
        poller.start()
        closing.callback(poller.join)
        closing.callback(stop.set)

        api = Api(store, settings.catalogue_public_url, publisher)
        app = application(api, Assets(store, storage), Views(store, ledger, live, publisher), metrics)
        server = closing.enter_context(WebServer(app, settings.catalogue_host, settings.catalogue_port))
        closing.callback(live.close)
        log.info("the page is served", url=f"http://{settings.catalogue_host}:{server.port}", port=server.port)
        if serve_health and settings.metrics_port is not None:
            catalogue.live += [Check("web", server.ended), Check("live", lambda: _ended(poller))]
            health = HealthServer(
                catalogue.live, catalogue.ready, metrics.registry, settings.metrics_port, metrics=metrics
            )
            metrics.introduce("catalogue")
            log.info("health is served", port=health.port)
            closing.enter_context(health)
        catalogue.run(stop, rebuild)


def _ended(poller: threading.Thread) -> str | None:
    return None if poller.is_alive() else "pages are not told any more what changes; the error is in the log"


if __name__ == "__main__":
    sys.exit(main())
