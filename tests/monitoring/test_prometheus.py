"""A real Prometheus scrapes a real stream: dashboards and rules have data, alerts fire by their real cause."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conftest import lacks
from icestream_core import naming
from icestream_runtime.broker import Message
from icestream_runtime.rabbitmq import RabbitBroker
from monitoring import rules
from monitoring.dashboards import filled, shown
from parts.postgresql import PrivatePostgreSQL
from parts.process import free_ports
from parts.prometheus import PrivatePrometheus, find_prometheus
from parts.proxy import Proxy
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

SOON = 60.0
"""Long enough for a process to start on a busy machine, s."""
SHORTER = {
    "sensor-silent": (("93600", "5"),),
    "queue-growing": (("[30m]", "[8s]"), ("> 20", "> 2")),
}
"""What of an alert is shortened beside its `for`: a test has no half hour."""
NOT_HERE = {
    *("icestream_items", "icestream_announcements_total", "icestream_listeners"),
    *("icestream_request_seconds_count", "icestream_request_seconds_bucket", "icestream_notices_total"),
}
"""What a catalogue measures, and a watcher that hears notices: neither runs in this scene."""
PRODUCTS = ("tally-square", "tally-sum", "tally-stumble")


class Scene:
    """Watcher, gatherer, a worker behind a proxy, and the Prometheus that looks at them."""

    def __init__(
        self, running: Stream, proxy: Proxy, prometheus: Callable[[dict[str, int]], PrivatePrometheus]
    ) -> None:
        self.stream, self.proxy = running, proxy
        self.fed = 0
        self.began = time.time()
        running.start("gatherer", "gatherer")
        url = proxy.url(running.environment["ICESTREAM_AMQP_URL"])
        running.start("worker", "worker", *PRODUCTS, "--amqp-url", url)
        running.start("watcher", "watch", str(running.watched))
        self.ports = {name: self._port(name) for name in running.processes}
        self.prometheus = prometheus(self.ports)
        self.prometheus.start()

    def feed(self, count: int = 1, collection: str = "count", content: str = "3") -> None:
        """Let files land, each of a second of its own."""
        for _ in range(count):
            self.fed += 1
            start = datetime.now(UTC) - timedelta(minutes=10) + timedelta(seconds=self.fed)
            path = self.stream.watched / f"{collection}_{start:%Y%m%dT%H%M%S}_a.txt"
            path.with_suffix(".part").write_text(f"{content}\n")
            path.with_suffix(".part").rename(path)

    def notify(self) -> None:
        """Post a notice that a file was removed: it is counted and makes nothing."""
        notice = (
            b'{"pubTime": "20240118T120502", "baseUrl": "https://e.org/", "relPath": "a", "fileOp": {"remove": ""}}'
        )
        url, token = (
            f"http://127.0.0.1:{self.stream.environment['ICESTREAM_NOTICES_PORT']}",
            {"Authorization": "Bearer t"},
        )
        request = urllib.request.Request(f"{url}/notices/sarracenia", notice, token)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b"ignored" in answer.read()

    def ready(self, name: str) -> tuple[int, str]:
        """Return what /readyz of a service answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until_firing(self, *alerts: str, feed: bool = False, seconds: float = SOON) -> None:
        """Wait until alerts fire; meanwhile a file lands now and then, where told so."""
        give_up = time.monotonic() + seconds
        while missing := set(alerts) - self.prometheus.firing().keys():
            assert time.monotonic() < give_up, f"{missing} do not fire; {sorted(self.prometheus.firing())} do"
            if feed:
                self.feed()
            time.sleep(0.3)

    def until(self, expression: str, seconds: float = SOON) -> None:
        """Wait until an expression gives something."""
        give_up = time.monotonic() + seconds
        while not self.prometheus.query(expression):
            assert time.monotonic() < give_up, f"{expression} gives nothing"
            time.sleep(0.3)

    def without_data(self, expressions: dict[str, str]) -> list[str]:
        """Return the names of expressions that gave nothing, ever since the scene began."""
        begun, now = self.began, time.time()
        return [name for name, each in expressions.items() if not self.prometheus.range(each, begun, now, 1.0)]

    def _port(self, name: str) -> int:
        give_up = time.monotonic() + SOON
        while not (found := re.search(r'"port": (\d+)', (self.stream.logs / f"{name}.log").read_text())):
            assert time.monotonic() < give_up, f"{name} serves no metrics"
            time.sleep(0.1)
        return int(found[1])


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


@pytest.fixture
def scene(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str, postgresql: PrivatePostgreSQL
) -> Iterator[Scene]:
    if find_prometheus() is None:
        lacks("This test runs a Prometheus: apt-get install prometheus")
    (tmp_path / "rules").mkdir()

    def prometheus(ports: dict[str, int]) -> PrivatePrometheus:
        targets = {"icestream": ports, "rabbitmq": {"rabbitmq": rabbitmq.prometheus_port}}
        server = PrivatePrometheus(targets, shortened(tmp_path / "rules"))
        closing.callback(server.close)
        return server

    with ExitStack() as closing:
        proxy = closing.enter_context(Proxy.before(amqp_url))
        settings = {
            "metrics_port": 0, "gauge_seconds": 1, "deaf_seconds": 3, "max_attempts": 2, "backoff_seconds": 0.2,
            "stable_seconds": 0.2, "settle_seconds": 3, "notices_port": free_ports(1)[0], "notices_token": "t",
        }  # fmt: skip
        running = closing.enter_context(stream(tmp_path, amqp_url, postgres_url, tally=True, **settings))
        yield Scene(running, proxy, prometheus)


def test_dashboards_and_rules_have_data_and_alerts_fire_by_their_real_cause(
    scene: Scene, amqp_url: str, postgresql: PrivatePostgreSQL
) -> None:
    scene.stream.wait_until_ready()
    scene.until(f"sum(up) == {len(scene.ports) + 1}")
    for content in ("3", "4", "5", "six"):
        scene.feed(10, content=content)
        time.sleep(1)
    scene.feed(1, "stumble")
    scene.notify()
    (scene.stream.watched / "of-no-collection.txt").write_text("?")
    nonsense = RabbitBroker(amqp_url, "test")
    nonsense.publish([Message(b"no message", "granule.abacus.count", exchange=naming.EXCHANGE)])
    nonsense.close()
    scene.until_firing("IcestreamSlotsDead", "IcestreamMessagesUnreadable", "IcestreamGranulesQuarantined", feed=True)
    scene.until("icestream:arrival_slow:ratio_rate1h")
    (dead,) = scene.prometheus.firing()["IcestreamSlotsDead"]
    assert dead["product"] == "tally-stumble"
    assert scene.ready("worker")[0] == scene.ready("gatherer")[0] == 200
    scene.until_firing("IcestreamSensorSilent")
    assert {each["sensor"] for each in scene.prometheus.firing()["IcestreamSensorSilent"]} == {"abacus"}

    scene.proxy.hold()
    scene.until_firing("IcestreamDeaf", "IcestreamQueueGrowing", feed=True)
    (deaf,) = scene.prometheus.firing()["IcestreamDeaf"]
    assert (deaf["instance"], deaf["check"]) == ("worker", "consumption")
    (growing,) = scene.prometheus.firing()["IcestreamQueueGrowing"]
    assert growing["queue"] == naming.make_queue("tally-square")
    status, answer = scene.ready("worker")
    assert status == 503 and "no answer" in answer

    postgresql.kill()
    scene.until_firing("IcestreamLedgerAway")
    assert scene.ready("gatherer")[0] == 503
    postgresql.start()
    scene.proxy.release()
    scene.until('icestream_away{what="ledger"} == 0')

    assert [rule["name"] for rule in scene.prometheus.rules() if rule["health"] != "ok"] == []
    panels = {
        f"{each.board}, {each.panel}: {each.expression}": rate_of(each.expression)
        for each in shown()
        if not any(metric in NOT_HERE for metric, _ in rules.asked(each.asked))
    }
    assert scene.without_data(panels) == []
    asked = {metric for rule in rules.alerts().values() for metric, _ in rules.asked(str(rule["expr"]))}
    assert scene.without_data({name: name for name in (*rules.recorded(), *asked)}) == []

    scene.stream.kill("gatherer")
    scene.until_firing("IcestreamGathererAbsent")


def rate_of(expression: str) -> str:
    return filled(expression.replace("$__rate_interval", "5s"))
