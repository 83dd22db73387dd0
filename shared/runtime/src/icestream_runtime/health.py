"""Is this service alive, ready, and what does it count: /livez, /readyz and /metrics over HTTP.

A check asks something and answers with what is wrong. Liveness asks whether messages are really consumed:
a socket can be open, and heartbeats go, while nothing has come for ten days.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from icestream_runtime.broker import Broker, BrokerError, BrokerUnavailable, QueueMissing, Subscription
from icestream_runtime.metrics import CHECK_FAILING, Metrics

LOG = logging.getLogger(__name__)

PATIENCE: Final = 60.0
"""How long nothing may come, or the broker may not answer, before a service is deaf, s."""
LOOK_SECONDS: Final = 5.0
"""Between looks of our own at the checks: who is deaf is seen where nobody probes."""
ANSWER_TIMEOUT: Final = 2.0
"""How long a probe waits for the broker, s; the prober's own time limit must be longer."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that can be wrong. The probe returns what is wrong, or None."""

    name: str
    probe: Callable[[], str | None]


class HealthServer:
    """A small HTTP server on a thread of its own. Use it as a context manager, or `start` and `close` it."""

    def __init__(
        self,
        live: Sequence[Check],
        ready: Sequence[Check],
        registry: CollectorRegistry,
        port: int = 0,
        host: str = "0.0.0.0",
        metrics: Metrics | None = None,
    ) -> None:
        """Bind the port, so that a port in use is an OSError at start; 0 takes any free one.

        live : what only a restart mends
        ready : what must hold before work is sent here; liveness is not asked again
        metrics : shows the checks as gauges, where given; then they are looked at now and then, probed or not
        """
        self._checks = {"livez": live, "readyz": ready}
        self._metrics, self._closed = metrics, threading.Event()
        self._looking = threading.Thread(target=self._look, name="checks", daemon=True)
        self._server = ThreadingHTTPServer((host, port), handler(live, ready, registry))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()
        if self._metrics is not None:
            self._looking.start()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self._closed.set()
        if self._looking.is_alive():
            self._looking.join()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _look(self) -> None:
        while self._metrics is not None and not self._closed.wait(LOOK_SECONDS):
            for probe, checks in self._checks.items():
                for check in tuple(checks):
                    self._metrics.show(CHECK_FAILING, check.probe() is not None, probe=probe, check=check.name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def handler(live: Sequence[Check], ready: Sequence[Check], registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers requests about these checks and metrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/livez":
                self.answer_checks(live)
            elif path == "/readyz":
                self.answer_checks(ready)
            elif path == "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self.answer(HTTPStatus.OK, content_type, encode(registry))
            else:
                self.answer_json(HTTPStatus.NOT_FOUND, {"paths": ["/livez", "/readyz", "/metrics"]})

        def answer_checks(self, checks: Sequence[Check]) -> None:
            reasons = {check.name: check.probe() for check in checks}
            failing = {name: reason for name, reason in reasons.items() if reason is not None}
            status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
            if failing:
                LOG.warning(
                    "%s fails: %s", self.path, "; ".join(f"{name}: {reason}" for name, reason in failing.items())
                )
            report = {name: {"ok": reason is None, "reason": reason} for name, reason in reasons.items()}
            self.answer_json(status, {"ok": not failing, "checks": report})

        def answer_json(self, status: HTTPStatus, content: dict[str, Any]) -> None:
            self.answer(status, "application/json", json.dumps(content, indent=1).encode() + b"\n")

        def answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
            LOG.debug(format, *args)

    return Handler


@dataclass(slots=True)
class Consumption:
    """The probe that tells whether a service hears what waits for it.

    It is deaf when messages have waited while a child was free and nothing came, all for `patience` seconds,
    or when the broker has not answered for so long. Held back by the broker's alarm, it is alive.
    """

    broker: Broker
    subscription: Subscription
    queues: Sequence[str]
    free_since: Callable[[], float | None]
    patience: float
    clock: Callable[[], float]
    _silent_since: float | None = None
    _waiting_since: float | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> str | None:
        with self._turn:
            return self._ask()

    def _ask(self) -> str | None:
        now = self.clock()
        if self.broker.blocked():
            self._silent_since = self._waiting_since = None
            return None
        try:
            ready = {queue: self.broker.depth(queue, ANSWER_TIMEOUT).ready for queue in self.queues}
        except (BrokerUnavailable, QueueMissing) as error:
            return self._silent(now, error)
        except BrokerError as error:
            return str(error)
        self._silent_since = None
        free_since = self.free_since()
        if free_since is None or not any(ready.values()):
            self._waiting_since = None
            return None
        if self._waiting_since is None:
            self._waiting_since = now
        quiet = now - max(self._waiting_since, free_since, self.subscription.last_received)
        if quiet < self.patience:
            return None
        waiting = ", ".join(f"{count} in {queue}" for queue, count in ready.items() if count)
        return f"deaf: {waiting} and somebody free to do them, but nothing came for {quiet:.0f} s"

    def _silent(self, now: float, error: BrokerError) -> str | None:
        if self._silent_since is None:
            self._silent_since = now
        silent = now - self._silent_since
        return f"deaf: for {silent:.0f} s {error}" if silent >= self.patience else None


def deaf(
    broker: Broker,
    subscription: Subscription,
    queues: Sequence[str],
    free_since: Callable[[], float | None],
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    name: str = "consumption",
) -> Check:
    """Return the liveness check of a service that consumes.

    free_since : since when somebody could take a message, on the same clock; None while all are busy
    """
    return Check(name, Consumption(broker, subscription, tuple(queues), free_since, patience, clock))


def reachable(broker: Broker, queue: str) -> Check:
    """Return the readiness check of a service that needs the broker: it answers, and the queue is there."""

    def ask() -> str | None:
        try:
            broker.depth(queue, ANSWER_TIMEOUT)
        except BrokerError as error:
            return str(error)
        return None

    return Check("broker", ask)
