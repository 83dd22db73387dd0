"""A worker as a process of its own, on RabbitMQ: it says how it is, drains on SIGTERM and adopts after a SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from icestream_core import naming
from icestream_core.message import decode, encode
from icestream_core.outcome import Outcome
from icestream_core.task import Task
from icestream_runtime.broker import Message
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import topology
from worker.tasks import count_granule, task_of

SOON = 60.0
"""Long enough for a process to start on a busy machine, s."""
PRODUCTS = ("tally-square", "tally-sleep")


@pytest.fixture
def broker(amqp_url: str) -> Iterator[RabbitBroker]:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology(PRODUCTS, ["register.*"]))
    yield broker
    broker.close()


@contextmanager
def worker(amqp_url: str, root: Path, directory: Path, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """Start a worker of two products; what it logs can be read from it. It does not outlive the block."""
    given = {
        "amqp_url": amqp_url,
        "out": directory / "out",
        "plugins": "tally",
        "products": ",".join(PRODUCTS),
        "log_format": "json",
        "metrics_port": 0,
        **settings,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
    environment |= {f"ICESTREAM_{name.upper()}": str(value) for name, value in given.items()}
    environment["PYTHONPATH"] = str(root / "tests" / "parts" / "tally")
    process = subprocess.Popen(
        [sys.executable, "-m", "icestream_worker"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(process: subprocess.Popen[str], event: str, slot: str | None = None) -> dict[str, object]:
    """Return the next log line of an event, of a slot where one is named."""
    assert process.stderr is not None
    for line in process.stderr:
        entry: dict[str, object] = json.loads(line) if line.startswith("{") else {"event": line}
        if entry["event"] == event and slot in (None, entry.get("slot")):
            return entry
    raise AssertionError(f"the worker ended with {process.wait()} and never said {event!r}")


def send(broker: RabbitBroker, *tasks: Task) -> None:
    for task in tasks:
        broker.publish([Message(encode(task), naming.make_queue(task.slot.product), exchange="")])


def outcomes(broker: RabbitBroker) -> list[Outcome]:
    """Return the outcomes that have come."""
    subscription = broker.subscribe([naming.OUTCOMES], 100)
    found = []
    while (delivery := subscription.get(1.0)) is not None:
        message = decode(delivery.body)
        assert isinstance(message, Outcome)
        found.append(message)
        subscription.ack(delivery)
    subscription.close()
    return found


def ask(port: object, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_a_worker_says_how_it_is_and_drains_on_sigterm(
    broker: RabbitBroker, amqp_url: str, root: Path, tmp_path: Path
) -> None:
    slow = task_of("tally-sleep", count_granule(tmp_path, 2, collection="sleep"))
    send(broker, task_of("tally-square", count_granule(tmp_path, 3)))
    with worker(amqp_url, root, tmp_path, grace_seconds=30) as process:
        port = said(process, "health is served")["port"]
        said(process, "ready")
        assert said(process, "slot answered")["status"] == "made"
        assert ask(port, "/livez")[0] == 200
        assert ask(port, "/readyz")[0] == 200
        assert 'icestream_published_total{kind="outcome"} 1.0' in ask(port, "/metrics")[1]
        send(broker, slow)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert said(process, "slot answered")["slot"] == slow.slot.key
        assert process.wait(SOON) == 0
    assert [outcome.status for outcome in outcomes(broker)] == ["made", "made"]
    assert broker.depth(naming.make_queue("tally-sleep")).ready == 0
    assert broker.depth(naming.INTAKE).ready == len(PRODUCTS)


def test_after_a_sigkill_another_worker_makes_or_adopts(
    broker: RabbitBroker, amqp_url: str, root: Path, tmp_path: Path
) -> None:
    task = task_of("tally-square", count_granule(tmp_path, 3))
    slow = task_of("tally-sleep", count_granule(tmp_path, 2.5, collection="sleep"))
    send(broker, task)
    with worker(amqp_url, root, tmp_path) as process:
        said(process, "slot answered")
        process.kill()
    # As when a worker dies before it could ack: the task comes again.
    send(broker, task)
    with worker(amqp_url, root, tmp_path) as process:
        assert said(process, "slot answered", task.slot.key)["adopted"] is True
        send(broker, slow)
        time.sleep(1)
        process.kill()
    with worker(amqp_url, root, tmp_path) as process:
        assert said(process, "slot answered", slow.slot.key)["status"] == "made"
    first, *again = [outcome for outcome in outcomes(broker) if outcome.slot == task.slot]
    assert not first.adopted
    # The ack of the first may have been lost with it.
    assert len(again) in (1, 2)
    assert all(outcome.adopted and outcome.manifest == first.manifest for outcome in again)


def test_a_worker_without_a_broker_says_what_to_set(root: Path, tmp_path: Path) -> None:
    with worker("", root, tmp_path) as process:
        _, text = process.communicate(timeout=SOON)
    assert process.returncode == 1
    assert "set ICESTREAM_AMQP_URL" in text
