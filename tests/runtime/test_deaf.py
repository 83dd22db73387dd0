"""Alive but deaf: a consumer that is silently gone fails its liveness in time, and a restart hears everything."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from icestream_core import naming
from icestream_runtime.broker import Message
from icestream_runtime.health import PATIENCE, HealthServer, deaf
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import topology

SECONDS = 2.0


def alive(port: int) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.mark.timeout(120)
def test_a_consumer_that_is_silently_gone_fails_its_liveness_and_its_successor_hears_everything(amqp_url: str) -> None:
    broker = RabbitBroker(amqp_url, "test")
    broker.apply(topology())
    subscription = broker.subscribe([naming.INTAKE], 10)
    free_since = time.monotonic()
    check = deaf(broker, subscription, [naming.INTAKE], lambda: free_since, patience=SECONDS)
    with HealthServer([check], [], CollectorRegistry()) as server:
        assert alive(server.port)[0] == 200
        # The broker forgets the consumer, and nobody here is told: the socket is open, and heartbeats go.
        channel = subscription._channel
        broker._consuming.call(lambda: [channel.basic_cancel(tag) for tag in list(channel.consumer_tags)])
        broker.publish([Message(b"x", naming.INTAKE, exchange="") for _ in range(5)])
        begun = time.monotonic()
        while (found := alive(server.port))[0] == 200:
            assert time.monotonic() - begun < SECONDS + 20, "it was never found deaf"
            time.sleep(0.2)
        assert time.monotonic() - begun >= SECONDS
        assert "deaf: 5 in icestream.intake" in found[1]["checks"]["consumption"]["reason"]
    broker.close()

    restarted = RabbitBroker(amqp_url, "test")
    again = restarted.subscribe([naming.INTAKE], 10)
    heard = [again.get(20) for _ in range(5)]
    assert all(delivery is not None for delivery in heard)
    restarted.close()


def test_the_stated_time_is_a_minute() -> None:
    assert PATIENCE == 60.0
