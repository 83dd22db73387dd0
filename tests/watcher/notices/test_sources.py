"""Sources of notices that fail: one thread of several does, and the others are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from icestream_core.errors import StorageError
from icestream_runtime.broker import Message
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.secret_url import SecretUrl
from icestream_runtime.settings import Settings
from icestream_runtime.storage.access import Access
from icestream_runtime.topology import Queue, Topology
from icestream_watcher.notices import mqtt
from icestream_watcher.notices.amqp import AmqpSource
from icestream_watcher.notices.ingest import Ingest
from icestream_watcher.notices.mqtt import MqttSource
from icestream_watcher.notices.notice import Notice
from icestream_watcher.notices.polling import PollSource
from icestream_watcher.notices.source_url import source_of

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class FullDisk:
    """An ingest that cannot take note of anything."""

    def handle(self, *_: object) -> None:
        raise StorageError("notices.sqlite is full")


class Client:
    """An MQTT client that is connected to nothing."""

    def __init__(self) -> None:
        self.acked: list[int] = []

    def ack(self, mid: int, _qos: int) -> None:
        self.acked.append(mid)

    def __getattr__(self, _name: str) -> Any:
        return lambda *_given, **_named: None


class Lingers:
    """An ingest over which the connection is lost, as it handles the first notice."""

    def __init__(self, stop: threading.Event) -> None:
        self.source: MqttSource | None = None
        self._stop, self._handled = stop, 0

    def handle(self, *_: object) -> None:
        assert self.source is not None
        self._handled += 1
        if self._handled == 1:
            self.source._disconnected(None, None, None, "gone", None)
            self.source._received(None, None, message(2))
        else:
            self._stop.set()


def message(mid: int, qos: int = 1) -> Any:
    return SimpleNamespace(payload=b"{}", properties=None, mid=mid, qos=qos)


def ends_with_its_reason(source: AmqpSource | MqttSource) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(source.run, stop)
        try:
            with pytest.raises(StorageError, match="is full"):
                running.result(2)
        finally:
            stop.set()


def test_a_queue_whose_notices_cannot_be_noted_ends_with_the_reason() -> None:
    address = SecretUrl("cnm+amqp://guest:guest@localhost/?queue=notices")
    source = AmqpSource(source_of(address), Settings(), cast("Ingest", FullDisk()))
    source._broker = broker = MemoryBroker()
    broker.apply(Topology(queues=(Queue("notices"),)))
    broker.publish([Message(b"{}", "notices", exchange="")])
    ends_with_its_reason(source)


def test_a_topic_whose_notices_cannot_be_noted_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "POLL_SECONDS", 0.05)
    address = SecretUrl("wis2+mqtt://localhost?topic=cache/a&client=test")
    source = MqttSource(source_of(address), Settings(), cast("Ingest", FullDisk()))
    source._client = cast("Any", Client())
    source._received(None, None, message(1))
    ends_with_its_reason(source)


def test_what_came_on_a_connection_that_is_lost_is_not_acknowledged_on_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt, "POLL_SECONDS", 0.05)
    stop, client = threading.Event(), Client()
    ingest = Lingers(stop)
    address = SecretUrl("wis2+mqtt://localhost?topic=cache/a&client=test")
    source = ingest.source = MqttSource(source_of(address), Settings(), cast("Ingest", ingest))
    source._client = cast("Any", client)
    source._received(None, None, message(1))
    source.run(stop)
    assert client.acked == [2]


def test_notices_that_come_at_most_once_do_not_pile_up_and_the_others_are_kept() -> None:
    source = MqttSource(source_of(SecretUrl("wis2+mqtt://localhost?topic=a")), Settings(), cast("Ingest", None))
    for qos, count in ((0, 3 * mqtt.HELD), (1, 2)):
        for mid in range(count):
            source._received(None, None, message(mid, qos))
    assert source._arrived.qsize() == mqtt.HELD + 2


def test_what_has_gone_from_a_polled_bucket_is_not_remembered() -> None:
    taken: list[str] = []

    def take(_kind: str, notice: Notice, _stop: threading.Event) -> SimpleNamespace:
        taken.append(notice.files[0].href)
        return SimpleNamespace(fates=["announced"])

    lies = {f"bucket/{name}.nc": {"ETag": '"1"', "size": 3, "LastModified": NEW_YEAR} for name in "ab"}
    ingest = cast("Ingest", SimpleNamespace(take=take))
    source = PollSource(source_of(SecretUrl("s3://bucket/")), Access.of(Settings()), ingest)
    for found in (lies, lies, {"bucket/b.nc": lies["bucket/b.nc"]}, lies):
        bucket = SimpleNamespace(find=lambda *_, found=found, **__: found)
        source._buckets = cast("Any", SimpleNamespace(ours=lambda _, bucket=bucket: bucket))
        source.look(threading.Event())
    assert taken == ["s3://bucket/a.nc", "s3://bucket/b.nc", "s3://bucket/a.nc"]
