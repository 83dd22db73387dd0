"""A scene for Prometheus: every service as an operator starts it, and the troubles that may befall them."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from monitoring import rules
from parts.faketime import ahead
from parts.process import free_ports
from parts.prometheus import PrivatePrometheus
from parts.proxy import Proxy
from parts.stream import Stream

SOON = 60.0
"""Long enough for a process to start on a busy machine, s."""
SHORTER = {
    "disk-filling": (("86400", "1"),),
    "gatherer-behind": (("[10m]", "[10s]"), ("> 60", "> 2")),
    "latency-over-objective": (("ratio_rate1h", "ratio_rate5m"), ("> 0.3", "> 0")),
    "queue-growing": (("[30m]", "[8s]"), ("> 20", "> 2")),
    "recording-rules": (('le="900.0"}[5m]', 'le="5.0"}[5m]'),),
    "revision-storm": (("[1h]", "[6s]"), ("> 100", "> 3")),
    "sensor-silent": (("93600", "5"),),
}
"""What of a rule is shortened beside its `for`: a test has no half hour."""
PRODUCTS = ("tally-square", "tally-sum", "tally-stumble")
TOKEN = "t"


class Scene:
    """Watchers, gatherer, catalogue, a worker behind a proxy, and the Prometheus that looks at them.

    fired : the alerts that were seen to fire; some end before the next step of a query over time
    """

    def __init__(
        self, running: Stream, proxy: Proxy, prometheus: Callable[[dict[str, int]], PrivatePrometheus]
    ) -> None:
        self.stream, self.proxy = running, proxy
        self.fed: list[Path] = []
        self.fired: set[str] = set()
        self.began = time.time()
        (self._web,) = free_ports(1)
        running.start("gatherer", "gatherer")
        url = proxy.url(running.environment["ICESTREAM_AMQP_URL"])
        running.start("worker", "worker", *PRODUCTS, "--amqp-url", url)
        running.start("watcher", "watch", str(running.watched))
        self.early = running.root / "early"
        self.early.mkdir()
        running.start("early", "watch", str(self.early), under=("env", "-u", "ICESTREAM_NOTICES_PORT", *ahead(60)))
        running.start("catalogue", "catalogue", "--port", str(self._web))
        self.ports = {name: self._port(name) for name in running.processes}
        self.prometheus = prometheus(self.ports)
        self.prometheus.start()

    def feed(self, count: int = 1, collection: str = "count", content: str = "3") -> None:
        """Let files land, each of a second of its own."""
        for _ in range(count):
            start = datetime.now(UTC) - timedelta(minutes=10) + timedelta(seconds=len(self.fed))
            self.fed.append(self.stream.watched / f"{collection}_{start:%Y%m%dT%H%M%S}_a.txt")
            self._land(self.fed[-1], content)

    def feed_early(self) -> None:
        """Let a file land before the watcher whose clock is a minute ahead."""
        start = datetime.now(UTC) - timedelta(minutes=20)
        self._land(self.early / f"count_{start:%Y%m%dT%H%M%S}_a.txt", "3")

    def correct(self, count: int, content: str) -> None:
        """Let corrections land of what was fed first."""
        for path in self.fed[:count]:
            self._land(path, content)

    def notify(self) -> None:
        """Post a notice that a file was removed: it is counted and makes nothing."""
        notice = (
            b'{"pubTime": "20240118T120502", "baseUrl": "https://e.org/", "relPath": "a", "fileOp": {"remove": ""}}'
        )
        url = f"http://127.0.0.1:{self.stream.environment['ICESTREAM_NOTICES_PORT']}/notices/sarracenia"
        request = urllib.request.Request(url, notice, {"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b"ignored" in answer.read()

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Somebody has the catalogue's page open, and searches."""
        address = f"http://127.0.0.1:{self._web}"
        with urllib.request.urlopen(f"{address}/api/events", timeout=30):
            urllib.request.urlopen(f"{address}/stac/search", timeout=30).close()
            yield

    @contextmanager
    def without_storage(self) -> Iterator[None]:
        """Where the output root was is a file: a mount that is gone."""
        gone = self.stream.out.with_name("gone")
        self.stream.out.rename(gone)
        self.stream.out.touch()
        try:
            yield
        finally:
            self.stream.out.unlink()
            gone.rename(self.stream.out)

    @contextmanager
    def held_slot(self) -> Iterator[None]:
        """Somebody's open transaction holds a slot that is due, and the ticker waits for it.

        That it is due for two minutes is written, not waited for: nobody looks at it while the gatherer is stopped.
        """
        gatherer = self.stream.processes["gatherer"]
        chosen = "SELECT key FROM slot WHERE product = 'tally-square' AND state = 'made' ORDER BY key LIMIT 1"
        with psycopg.connect(self.stream.ledger_url.replace("+psycopg", "")) as session:
            gatherer.send_signal(signal.SIGSTOP)
            try:
                session.execute(f"UPDATE slot SET due_at = now() - interval '2 minutes' WHERE key = ({chosen})")
                session.commit()
                session.execute(f"SELECT 1 FROM slot WHERE key = ({chosen}) FOR UPDATE")
            finally:
                gatherer.send_signal(signal.SIGCONT)
            yield

    def ready(self, name: str) -> tuple[int, str]:
        """Return what /readyz of a service answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until_firing(self, *alerts: str, feed: bool = False, seconds: float = SOON) -> None:
        """Wait until each of these alerts has fired; meanwhile a file lands now and then, where told so."""
        give_up, missing = time.monotonic() + seconds, set(alerts)
        while missing := missing - self._firing():
            assert time.monotonic() < give_up, f"{missing} do not fire; {sorted(self.prometheus.firing())} do"
            if feed:
                self.feed()
            time.sleep(0.3)

    def _firing(self) -> set[str]:
        found = set(self.prometheus.firing())
        self.fired |= found
        return found

    def until(self, expression: str, seconds: float = SOON) -> None:
        """Wait until an expression gives something."""
        give_up = time.monotonic() + seconds
        while not self.prometheus.query(expression):
            assert time.monotonic() < give_up, f"{expression} gives nothing"
            time.sleep(0.3)

    def ever(self, expression: str) -> list[dict[str, Any]]:
        """Return the series that an expression gave since the scene began."""
        return self.prometheus.range(expression, self.began, time.time(), 1.0)

    def without_data(self, expressions: dict[str, str]) -> list[str]:
        """Return the names of expressions that gave nothing, ever since the scene began."""
        return [name for name, each in expressions.items() if not self.ever(each)]

    def _land(self, path: Path, content: str) -> None:
        path.with_suffix(".part").write_text(f"{content}\n")
        path.with_suffix(".part").rename(path)

    def _port(self, name: str) -> int:
        """Return the port of a service's metrics, once its log tells it."""
        give_up = time.monotonic() + SOON
        while time.monotonic() < give_up:
            for line in (self.stream.logs / f"{name}.log").read_text().splitlines():
                if '"health is served"' in line:
                    return int(json.loads(line)["port"])
            time.sleep(0.1)
        raise AssertionError(f"{name} serves no metrics")


def shortened(folder: Path) -> list[Path]:
    """Return the rule files of the chart as a test that lasts a minute can see them."""
    written = []
    for path in rules.FILES:
        text = re.sub(r"for: \d+m", "for: 0s", path.read_text("utf-8"))
        for long, short in SHORTER.get(path.stem, ()):
            assert long in text, f"{path.name} has no {long}"
            text = text.replace(long, short)
        written.append(folder / path.name)
        written[-1].write_text(text, "utf-8")
    return written
