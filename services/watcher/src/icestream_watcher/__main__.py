"""The watcher service: wiring. `run` is a watcher in a thread of any process; `main` is a process that is one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

import structlog

from icestream_core.collection import Collection
from icestream_core.errors import SettingsError
from icestream_core.granule import Mode
from icestream_core.plugins import load as load_plugins
from icestream_runtime.broker import Broker
from icestream_runtime.health import HealthServer
from icestream_runtime.metrics import Metrics
from icestream_runtime.process import serve
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.settings import Settings
from icestream_runtime.tracing import Tracer
from icestream_watcher.notices.service import Notices, has_notices
from icestream_watcher.watcher import Watcher


def main() -> int:
    """Watch the directories of the command line until SIGTERM; return the exit code."""
    directories = [Path(name) for name in sys.argv[1:]]
    return serve("watcher", lambda settings, stop: run(settings, directories, stop, serve_health=True))


def run(
    settings: Settings,
    directories: Sequence[Path],
    stop: threading.Event,
    broker: Broker | None = None,
    *,
    metrics: Metrics | None = None,
    mode: Mode = "forward",
    tracer: Tracer | None = None,
    serve_health: bool = False,
) -> None:
    """Watch directories until `stop` is set.

    broker, metrics, tracer : the watcher's own, by the settings, where absent; a given broker stays open
    mode : reprocessing for a backfill, which never delays new passes
    """
    with ExitStack() as closing:
        metrics = metrics or Metrics()
        collections = list(load_plugins(settings.plugins).collections.values())
        if broker is None:
            broker = open_rabbitmq(settings, "watcher")
            closing.callback(broker.close)
        if tracer is None and (tracer := Tracer.of(settings, "watcher")) is not None:
            closing.callback(tracer.close)
        watching = watcher(settings, directories, broker, collections, metrics, mode, tracer)
        notices = notices_of(settings, directories, broker, collections, metrics, mode)
        if serve_health and settings.metrics_port is not None:
            server = HealthServer(
                watching.live,
                [*watching.ready, *(notices.ready if notices else ())],
                metrics.registry,
                settings.metrics_port,
                metrics=metrics,
            )
            metrics.introduce("watcher")
            structlog.stdlib.get_logger("icestream.watcher").info("health is served", port=server.port)
            closing.enter_context(server)
        if notices is None:
            watching.run(stop)
            return
        with ThreadPoolExecutor(2, "part") as threads:
            running = [threads.submit(part, stop) for part in (watching.run, notices.run)]
            for each in as_completed(running):
                stop.set()
                each.result()


def notices_of(
    settings: Settings,
    directories: Sequence[Path],
    broker: Broker,
    collections: Sequence[Collection],
    metrics: Metrics,
    mode: Mode = "forward",
) -> Notices | None:
    """Return the sources of notices, wired; None where the settings name none."""
    if not has_notices(settings):
        return None
    return Notices(settings, directories, broker, collections, metrics, mode)


def watcher(
    settings: Settings,
    directories: Sequence[Path],
    broker: Broker,
    collections: Sequence[Collection],
    metrics: Metrics,
    mode: Mode = "forward",
    tracer: Tracer | None = None,
) -> Watcher:
    """Return a watcher, wired; raises SettingsError for a directory that is none."""
    if not directories and not has_notices(settings):
        raise SettingsError("nothing to watch is named: neither a directory nor, in `notices`, a source of notices")
    if missing := [str(directory) for directory in directories if not directory.is_dir()]:
        raise SettingsError(f"{', '.join(missing)} is no directory; make it, or name another one to watch")
    return Watcher(
        directories, collections, broker, metrics, settings.stable_seconds, settings.rescan_seconds, mode, tracer
    )


if __name__ == "__main__":
    sys.exit(main())
