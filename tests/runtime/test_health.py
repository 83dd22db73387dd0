from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from prometheus_client import CollectorRegistry, Counter

from icestream_core.naming import INTAKE
from icestream_runtime import health
from icestream_runtime.broker import (
    Broker,
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    Depth,
    Message,
    QueueMissing,
    Subscription,
)
from icestream_runtime.health import Check, HealthServer, deaf, reachable
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import CHECK_FAILING, Metrics
from icestream_runtime.topology import topology


@dataclass
class Hearing:
    """A broker and a subscription that say what a test tells them to, and the time."""

    now: float = 1000.0
    ready: int = 0
    free: float | None = 1000.0
    alarm: bool = False
    error: BrokerError | None = None
    last_received: float = 1000.0
    asked: list[str] = field(default_factory=list)

    def depth(self, queue: str, timeout: float) -> Depth:
        assert timeout <= 2, "the prober waits no longer"
        self.asked.append(queue)
        if self.error is not None:
            raise self.error
        return Depth(ready=self.ready, consumers=1)

    def blocked(self) -> bool:
        return self.alarm

    def check(self) -> Callable[[], str | None]:
        broker, subscription = cast(Broker, self), cast(Subscription, self)
        return deaf(broker, subscription, ["a", "b"], lambda: self.free, patience=60, clock=lambda: self.now).probe


def fetch(port: int, path: str, accept: str = "*/*") -> tuple[int, str, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def test_a_service_is_alive_and_not_ready_and_says_why() -> None:
    checks = [Check("ledger", lambda: "the ledger is away"), Check("broker", lambda: None)]
    with HealthServer([], checks, CollectorRegistry(), host="127.0.0.1") as server:
        live, ready = fetch(server.port, "/livez"), fetch(server.port, "/readyz?verbose")
    assert (live[0], json.loads(live[2])) == (200, {"ok": True, "checks": {}})
    assert ready[:2] == (503, "application/json")
    assert json.loads(ready[2]) == {
        "ok": False,
        "checks": {"ledger": {"ok": False, "reason": "the ledger is away"}, "broker": {"ok": True, "reason": None}},
    }


def test_metrics_are_those_of_the_registry() -> None:
    registry = CollectorRegistry()
    Counter("icestream_granules", "Granules", registry=registry).inc(3)
    with HealthServer([], [], registry, host="127.0.0.1") as server:
        status, content_type, body = fetch(server.port, "/metrics")
        openmetrics = fetch(server.port, "/metrics", "application/openmetrics-text; version=1.0.0")
    assert status == 200 and content_type.startswith("text/plain")
    assert "icestream_granules_total 3.0" in body
    assert openmetrics[2].endswith("# EOF\n")


def test_another_path_says_which_there_are() -> None:
    with HealthServer([], [], CollectorRegistry(), host="127.0.0.1") as server:
        status, _, body = fetch(server.port, "/health")
    assert status == 404 and json.loads(body)["paths"] == ["/livez", "/readyz", "/metrics"]


def test_a_port_in_use_is_an_error_at_start_and_is_free_after_close() -> None:
    with HealthServer([], [], CollectorRegistry(), host="127.0.0.1") as server:
        with pytest.raises(OSError, match="in use"):
            HealthServer([], [], CollectorRegistry(), port=server.port, host="127.0.0.1")
        port = server.port
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        pass


def test_an_empty_queue_is_not_deafness_however_long() -> None:
    hearing = Hearing()
    check = hearing.check()
    hearing.now += 10_000
    assert check() is None
    assert hearing.asked == ["a", "b"]


def test_waiting_messages_a_free_child_and_silence_are_deafness_after_a_minute() -> None:
    hearing = Hearing(ready=3)
    check = hearing.check()
    assert check() is None
    hearing.now += 59
    assert check() is None
    hearing.now += 1
    reason = check()
    assert reason is not None and "3 in a" in reason and "60 s" in reason


def test_a_message_that_just_arrived_after_a_long_silence_is_not_deafness() -> None:
    hearing = Hearing()
    check = hearing.check()
    hearing.now += 10_000
    assert check() is None
    hearing.ready = 1
    assert check() is None


def test_who_was_busy_until_now_is_not_deaf() -> None:
    hearing = Hearing(ready=3, free=None)
    check = hearing.check()
    hearing.now += 600
    assert check() is None
    hearing.free = hearing.now
    assert check() is None
    hearing.now += 60
    assert check() is not None


def test_who_received_something_is_not_deaf() -> None:
    hearing = Hearing(ready=3)
    check = hearing.check()
    assert check() is None
    hearing.now += 100
    hearing.last_received = hearing.now - 1
    assert check() is None


def test_a_broker_that_holds_back_is_not_deafness() -> None:
    hearing = Hearing(ready=3, alarm=True)
    check = hearing.check()
    hearing.now += 600
    assert check() is None
    hearing.alarm = False
    assert check() is None
    hearing.now += 60
    assert check() is not None


@pytest.mark.parametrize("error", [BrokerUnavailable("no answer"), QueueMissing("a")])
def test_no_answer_from_the_broker_is_deafness_after_a_minute(error: BrokerError) -> None:
    hearing = Hearing(error=error)
    check = hearing.check()
    assert check() is None
    hearing.now += 60
    reason = check()
    assert reason is not None and str(error) in reason
    hearing.error = None
    assert check() is None
    hearing.error, hearing.now = error, hearing.now + 600
    assert check() is None


def test_a_broker_that_refuses_is_deafness_at_once() -> None:
    assert Hearing(error=BrokerRefused("wrong password")).check()() == "wrong password"


def test_a_consumer_that_takes_nothing_is_found_deaf_on_a_real_subscription() -> None:
    broker = MemoryBroker()
    broker.apply(topology(bindings=["granule.#"]))
    subscription = broker.subscribe([INTAKE], prefetch=1)
    clock = [subscription.last_received]
    check = deaf(broker, subscription, [INTAKE], lambda: clock[0] - 500, patience=60, clock=lambda: clock[0]).probe
    broker.publish([Message(b"", "granule.a.b")])
    assert check() is None
    clock[0] += 61
    assert check() is not None
    delivery = subscription.get(1)
    assert delivery is not None
    assert check() is None


@pytest.mark.parametrize("error", [BrokerUnavailable("no answer"), QueueMissing("a"), BrokerRefused("wrong password")])
def test_a_broker_that_does_not_answer_is_not_reachable_at_once(error: BrokerError) -> None:
    hearing = Hearing(error=error)
    probe = reachable(cast(Broker, hearing), "a").probe
    assert probe() == str(error)
    hearing.error = None
    assert probe() is None


def test_checks_are_seen_as_gauges_where_nobody_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_SECONDS", 0.01)
    metrics, reasons = Metrics(), ["deaf"]
    live = [Check("consumption of intake", lambda: reasons[0]), Check("consumption of outcomes", lambda: None)]

    def shown(check: str) -> float | None:
        labels = {"probe": "livez", "check": check}
        return metrics.registry.get_sample_value(CHECK_FAILING.name, labels)

    with HealthServer(live, [], metrics.registry, host="127.0.0.1", metrics=metrics):
        until(lambda: (shown("consumption of intake"), shown("consumption of outcomes")) == (1, 0))
        reasons[0] = cast(str, None)
        until(lambda: shown("consumption of intake") == 0)


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)
