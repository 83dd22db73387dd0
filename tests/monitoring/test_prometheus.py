"""A real Prometheus scrapes a real stream: dashboards and rules have data, alerts fire by their real cause."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import lacks
from faults.disk import Disk, small_disk
from icestream_core import naming
from icestream_runtime.broker import Message
from icestream_runtime.rabbitmq import RabbitBroker
from monitoring import rules
from monitoring.dashboards import filled, shown
from monitoring.scene import TOKEN, Scene, shortened
from parts.faketime import find_faketime
from parts.postgresql import PrivatePostgreSQL
from parts.process import free_ports
from parts.prometheus import PrivatePrometheus, find_prometheus
from parts.proxy import Proxy
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import stream


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk | None]:
    """A disk that can be filled; None where this machine lets us mount nothing."""
    with small_disk(tmp_path / "disk", 256) as found:
        yield found


@pytest.fixture
def scene(
    tmp_path: Path, disk: Disk | None, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str,
    postgresql: PrivatePostgreSQL,
) -> Iterator[Scene]:  # fmt: skip
    if find_prometheus() is None:
        lacks("This test runs a Prometheus: apt-get install prometheus")
    if find_faketime() is None:
        lacks("This test runs a watcher whose clock is wrong: apt-get install faketime")
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
            "stable_seconds": 0.2, "settle_seconds": 3, "notices_port": free_ports(1)[0], "notices_token": TOKEN,
            "catalogue_url": postgres_url,
        }  # fmt: skip
        running = closing.enter_context(stream(tmp_path / "disk", amqp_url, postgres_url, tally=True, **settings))
        yield Scene(running, proxy, prometheus)


def test_dashboards_and_rules_have_data_and_alerts_fire_by_their_real_cause(
    scene: Scene, disk: Disk | None, amqp_url: str, rabbitmq: PrivateRabbitMQ, postgresql: PrivatePostgreSQL
) -> None:
    scene.stream.wait_until_ready()
    scene.until(f"sum(up) == {len(scene.ports) + 1}")
    with scene.reader():
        what_is_sent_is_bad(scene, amqp_url)
        who_sends_is_silent_or_repeats_itself(scene)
        a_transaction_is_left_open(scene)
        the_storage_is_away(scene, disk)
        the_worker_hears_nothing(scene)
        the_ledger_is_away(scene, postgresql)

    assert [rule["name"] for rule in scene.prometheus.rules() if rule["health"] != "ok"] == []
    panels = {f"{each.board}, {each.panel}: {each.expression}": rate_of(each.expression) for each in shown()}
    assert scene.without_data(panels) == []
    asked = {metric for rule in rules.alerts().values() for metric, _ in rules.asked(str(rule["expr"]))}
    assert scene.without_data({name: name for name in (*rules.recorded(), *asked)}) == []

    rabbitmq.kill()
    scene.until_firing("IcestreamBrokerAway")
    scene.stream.kill("gatherer")
    scene.until_firing("IcestreamGathererAbsent")
    assert rules.alerts().keys() - scene.fired == ({"IcestreamDiskFilling"} if disk is None else set())


def what_is_sent_is_bad(scene: Scene, amqp_url: str) -> None:
    """A product that stumbles, files that hold no number, a message that is none, a watcher whose clock is ahead."""
    scene.feed_early()
    sender = RabbitBroker(amqp_url, "test")
    sender.publish([Message(b"no message", "granule.abacus.count", exchange=naming.EXCHANGE)])
    sender.close()
    scene.until_firing("IcestreamClockSkew")
    assert {each["of"] for each in scene.prometheus.firing()["IcestreamClockSkew"]} == {"watcher"}
    for content in ("3", "4", "5", "six"):
        scene.feed(10, content=content)
        time.sleep(1)
    scene.feed(1, "stumble")
    scene.notify()
    (scene.stream.watched / "of-no-collection.txt").write_text("?")
    alerts = ("SlotsDead", "MessagesUnreadable", "GranulesQuarantined", "ProductFailing")
    scene.until_firing(*(f"Icestream{alert}" for alert in alerts), feed=True)
    scene.until("icestream:arrival_slow:ratio_rate1h")
    (dead,) = scene.prometheus.firing()["IcestreamSlotsDead"]
    assert dead["product"] == "tally-stumble"
    assert scene.ready("worker")[0] == scene.ready("gatherer")[0] == 200


def who_sends_is_silent_or_repeats_itself(scene: Scene) -> None:
    scene.until_firing("IcestreamSensorSilent")
    assert {each["sensor"] for each in scene.prometheus.firing()["IcestreamSensorSilent"]} == {"abacus"}
    scene.correct(20, "7")
    scene.until_firing("IcestreamRevisionStorm")


def a_transaction_is_left_open(scene: Scene) -> None:
    with scene.held_slot():
        scene.until_firing("IcestreamSlotsPastPatience")
        (held,) = scene.prometheus.firing()["IcestreamSlotsPastPatience"]
        assert held["product"] == "tally-square"
    scene.until("sum(icestream_overdue_slots) == 0")


def the_storage_is_away(scene: Scene, disk: Disk | None) -> None:
    if disk is not None:
        with disk.nearly_full(0.95):
            scene.until_firing("IcestreamDiskFilling")
    with scene.without_storage():
        scene.until_firing("IcestreamStorageAway", feed=True)
    scene.until('icestream_away{what="storage"} == 0')


def the_worker_hears_nothing(scene: Scene) -> None:
    scene.proxy.hold()
    scene.until_firing("IcestreamDeaf", "IcestreamQueueGrowing", feed=True)
    (deaf,) = scene.prometheus.firing()["IcestreamDeaf"]
    assert (deaf["instance"], deaf["check"]) == ("worker", "consumption")
    (growing,) = scene.prometheus.firing()["IcestreamQueueGrowing"]
    assert growing["queue"] == naming.make_queue("tally-square")
    status, answer = scene.ready("worker")
    assert status == 503 and "no answer" in answer


def the_ledger_is_away(scene: Scene, postgresql: PrivatePostgreSQL) -> None:
    """What came meanwhile is recorded late, and what waited for the worker is made late."""
    postgresql.kill()
    scene.feed(5)
    scene.until_firing("IcestreamLedgerAway")
    assert scene.ready("gatherer")[0] == 503
    postgresql.start()
    scene.proxy.release()
    scene.until('icestream_away{what="ledger"} == 0')
    scene.until_firing("IcestreamGathererBehind", "IcestreamLatencyOverObjective")


def rate_of(expression: str) -> str:
    return filled(expression.replace("$__rate_interval", "5s"))
