"""The worker service: wiring. `run` is a worker in a thread of any process; `main` is a process that is one."""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import get_args

import structlog

from icestream_core import plugins
from icestream_core.errors import SettingsError
from icestream_core.product import Product
from icestream_generation.provenance import Publisher
from icestream_runtime.broker import Broker
from icestream_runtime.health import HealthServer
from icestream_runtime.leave import leave
from icestream_runtime.metrics import CHILD_ENDS, CHILDREN, CHILDREN_BUSY, Metrics
from icestream_runtime.process import serve
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage
from icestream_runtime.tracing import Tracer
from icestream_worker.child import End
from icestream_worker.children import Children, ProcessChildren
from icestream_worker.compute_child import Job, Load
from icestream_worker.handle import Handler
from icestream_worker.worker import Worker


def main() -> int:
    """Be a worker with the settings of the environment until SIGTERM; return the exit code."""

    def work(settings: Settings, stop: threading.Event) -> None:
        installed = plugins.load(settings.plugins, options=settings.options)
        run(settings, chosen(installed, settings.products), stop, serve_health=True)

    return serve("worker", work)


def run(
    settings: Settings,
    products: Sequence[Product],
    stop: threading.Event,
    *,
    broker: Broker | None = None,
    storage: Storage | None = None,
    metrics: Metrics | None = None,
    children: Children | None = None,
    load_plugins: Load | None = None,
    tracer: Tracer | None = None,
    serve_health: bool = False,
) -> None:
    """Make these products until `stop` is set.

    broker, storage, metrics, children : the worker's own, by the settings, where absent; given ones stay open
    tracer : by the settings where absent
    load_plugins : how a child loads its plugins, where the children are the worker's own
    """
    with ExitStack() as closing:
        metrics = metrics or Metrics()
        if broker is None:
            broker = open_rabbitmq(settings, "worker")
            closing.callback(broker.close)
        if children is None:
            children = _children(settings, metrics, load_plugins, {product.name for product in products})
        closing.callback(children.close)
        metrics.follow(CHILDREN_BUSY, lambda: children.busy)
        storage = storage or Storage.of(settings)
        handler = Handler(
            {product.name: product for product in products},
            storage,
            children,
            metrics,
            worker=f"{socket.gethostname()}-{os.getpid()}",
            time_limit=settings.time_limit_seconds,
            memory_limit=settings.memory_limit,
        )
        closing.callback(handler.close)
        if tracer is None and (tracer := Tracer.of(settings, "worker")) is not None:
            closing.callback(tracer.close)
        worker = Worker(
            broker,
            handler,
            children,
            products,
            metrics,
            hold=settings.held_tasks,
            of_backfill=settings.held_of_backfill,
            grace_seconds=settings.grace_seconds,
            sweep=storage.sweep,
            space=storage.space,
            deaf_seconds=settings.deaf_seconds,
            gauge_seconds=settings.gauge_seconds,
            tracer=tracer,
        )
        if serve_health and settings.metrics_port is not None:
            server = HealthServer(worker.live, worker.ready, metrics.registry, settings.metrics_port, metrics=metrics)
            metrics.introduce("worker")
            structlog.stdlib.get_logger("icestream.worker").info("health is served", port=server.port)
            closing.enter_context(server)
        worker.run(stop)


def chosen(installed: plugins.Plugins, names: Sequence[str]) -> list[Product]:
    """Return the products of these names, all where none is named; raises PluginError for an unknown one."""
    if names:
        return [installed.product(name) for name in names]
    if not installed.products:
        raise SettingsError("no product is installed: install a plugin, or name others with ICESTREAM_PLUGINS")
    return list(installed.products.values())


def _children(settings: Settings, metrics: Metrics, load_plugins: Load | None, made: set[str]) -> ProcessChildren:
    def ended(job: Job, end: End) -> None:
        # A task may name any product; a label may not.
        product = job.task.slot.product
        metrics.count(CHILD_ENDS, product=product if product in made else "unknown", cause=end)

    metrics.show(CHILDREN, settings.concurrency)
    for product in made:
        for end in get_args(End):
            metrics.expect(CHILD_ENDS, product=product, cause=end)
    loads = load_plugins or functools.partial(plugins.load, settings.plugins, options=settings.options)
    return ProcessChildren(
        settings.concurrency,
        loads,
        settings.recycle_after,
        publisher(settings),
        ended,
        of_backfill=settings.held_of_backfill,
    )


def publisher(settings: Settings) -> Publisher:
    """Return who answers for the files, by the settings."""
    return Publisher(
        settings.publisher_name, settings.publisher_institution, settings.publisher_url, settings.publisher_email
    )


if __name__ == "__main__":
    leave(main())
