"""The services as processes on RabbitMQ and PostgreSQL, and the commands that look after them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icestream_runtime.broker import Message
from icestream_runtime.rabbitmq import RabbitBroker
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream


def run(running: Stream, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icestream_cli", *words],
        env=running.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def counts(directory: Path, *stations: str) -> list[str]:
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"count_20240101T000000_{station}.txt" for station in stations]
    for path in paths:
        path.write_text("3")
    return [str(path) for path in paths]


@pytest.mark.timeout(360)
@pytest.mark.xdist_group("rabbitmq-cli")
def test_services_are_started_registered_fed_and_looked_at(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str
) -> None:
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", stable_seconds=0.2) as running:
        status = json.loads(running.command("status", "--json"))
        assert status["slots"] == {}
        assert status["queues"]["icestream.intake"] == {"ready": 0, "consumers": 0}

        registered = json.loads(running.command("register", "tally-square", "tally-sum", "--json"))
        assert registered == [{"name": "tally-square", "version": "1.0.0"}, {"name": "tally-sum", "version": "1.0.0"}]
        announced = json.loads(running.command("announce", *counts(tmp_path / "once", "a", "b"), "--json"))
        assert [each["taken"] for each in announced] == [True, True]
        assert json.loads(running.command("status", "--json"))["queues"]["icestream.intake"]["ready"] == 4

        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", "tally-square", "tally-sum")
        running.start("watcher", "watch", str(running.watched))
        counts(running.watched / "2024", "c")
        rows = running.wait_until_quiet(120, least_made=4)
        made = {row.slot.key for row in rows if row.state == "made"}
        assert made == {
            *(f"tally-square.20240101T000000.{station}" for station in "abc"),
            "tally-sum.20240101",
        }
        status = json.loads(running.command("status", "--json"))
        assert status["queues"]["icestream.make.tally-square"] == {"ready": 0, "consumers": 1}
        assert status["queues"]["icestream.intake"] == {"ready": 0, "consumers": 1}
        assert "icestream.make.tally-sum.bulk" in running.command("status")

        broker = RabbitBroker(amqp_url, "test")
        broker.publish([Message(b"\xc1no message", "icestream.intake", exchange="")])
        broker.close()
        deadline = time.monotonic() + 20
        while not (letters := json.loads(running.command("letters", "list", "--json"))):
            assert time.monotonic() < deadline, "the letter was not kept"
        assert letters[0]["body"] == b"\xc1no message".hex()
        assert "not a msgpack message" in letters[0]["reason"]

        assert json.loads(running.command("status", "--json"))["alarm"] is None
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
        try:
            deadline = time.monotonic() + 60
            while not (alarm := json.loads(running.command("status", "--json"))["alarm"]):
                assert time.monotonic() < deadline, "the broker has an alarm, and status does not say so"
            assert "holds back publishers: low on memory" in alarm
            counts(running.watched / "2024", "d")
            # The disk as well: two alarms at once, and the second outlives the first.
            rabbitmq.ctl("set_disk_free_limit", "100000GB")
            rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1GB")
            while "low on disk" not in (said := running.command("status")):
                assert time.monotonic() < deadline, "the broker's disk is full, and status does not say so"
            assert "takes nothing that is published, and nothing is lost" in said
            doctor = run(running, "doctor")
            assert "low on disk" in doctor.stdout
            assert "nothing is lost" in doctor.stdout
        finally:
            rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1GB")
            rabbitmq.ctl("set_disk_free_limit", "50MB")
        rows = running.wait_until_quiet(60, least_made=5)
        assert {row.slot.key: row.state for row in rows}["tally-square.20240101T000000.d"] == "made"
        assert json.loads(running.command("status", "--json"))["alarm"] is None
        assert set(running.stop().values()) == {0}


@pytest.mark.timeout(120)
@pytest.mark.xdist_group("rabbitmq-cli")
def test_what_the_broker_lacks_is_said_with_what_to_do(tmp_path: Path, amqp_url: str) -> None:
    running = Stream(tmp_path, amqp_url, f"sqlite:///{tmp_path}/ledger.db", tally=True, plugins="tally")
    running.command("ledger", "migrate")
    unmade = run(running, "register")
    assert unmade.returncode == 3
    assert "icestream topology apply" in unmade.stderr
    assert "missing: icestream topology apply" in run(running, "status").stdout

    applied = json.loads(running.command("topology", "apply", "--json"))
    assert "icestream.make.tally-square" in applied["queues"]
    assert json.loads(running.command("topology", "apply", "--json")) == applied
    unread = run(running, "announce", *counts(tmp_path / "a", "a"))
    assert unread.returncode == 0, "the topology binds what the installed products read"
