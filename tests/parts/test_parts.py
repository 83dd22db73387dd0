"""The private servers keep their data when they are killed and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pika
import psutil
import psycopg
import pytest

from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ


def test_a_confirmed_message_in_a_quorum_queue_survives_the_kill_of_the_broker(
    rabbitmq: PrivateRabbitMQ, amqp_url: str
) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
    time.sleep(3)  # a quorum queue younger than that may be lost
    channel.basic_publish("", "kept", b"snow", pika.BasicProperties(delivery_mode=2), mandatory=True)
    rabbitmq.kill()
    rabbitmq.start()
    channel = pika.BlockingConnection(pika.URLParameters(amqp_url)).channel()
    _, _, body = channel.basic_get("kept", auto_ack=True)
    assert body == b"snow"
    channel.connection.close()


def test_a_committed_row_survives_the_kill_of_the_database(postgresql: PrivatePostgreSQL, postgres_url: str) -> None:
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'ice' AS word")
    postgresql.kill()
    postgresql.start()
    with psycopg.connect(plain) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
    assert row == ("ice",)


def test_every_test_has_an_empty_virtual_host(rabbitmq: PrivateRabbitMQ) -> None:
    with rabbitmq.vhost() as one, rabbitmq.vhost() as other:
        assert one != other
        names = [vhost["name"] for vhost in rabbitmq.manage("GET", "vhosts")]
        assert {one.rpartition("/")[2], other.rpartition("/")[2]} <= set(names)
    assert [vhost["name"] for vhost in rabbitmq.manage("GET", "vhosts")] == ["/"]


@pytest.mark.usefixtures("rabbitmq", "postgresql")  # where they are not installed, nor can the starter have them
def test_servers_die_with_the_process_that_started_them(root: Path) -> None:
    code = """
import sys, time
from parts.rabbitmq import PrivateRabbitMQ
from parts.postgresql import PrivatePostgreSQL
broker, database = PrivateRabbitMQ(), PrivatePostgreSQL()
broker.start(); database.start()
print(broker.epmd.process.pid, broker.server.process.pid, database.server.process.pid, flush=True)
time.sleep(300)
"""
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=root / "tests", stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    heads = [psutil.Process(int(pid)) for pid in starter.stdout.readline().split()]
    everybody = heads + [child for head in heads for child in head.children(recursive=True)]
    assert len(everybody) > 3
    starter.kill()
    starter.wait()
    _, alive = psutil.wait_procs(everybody, timeout=15)
    assert alive == []


def test_a_broker_that_takes_no_message_is_made_anew_before_a_test_has_it(
    rabbitmq: PrivateRabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    made_anew: list[str] = []
    monkeypatch.setattr(rabbitmq, "_takes_messages", lambda vhost: asked.append(vhost) or len(asked) > 1)
    monkeypatch.setattr(rabbitmq, "_make_anew", lambda: made_anew.append(asked[-1]))
    with rabbitmq.vhost() as url:
        first, second = asked
        assert url == rabbitmq.url(second)
        assert made_anew == [first]
        there = {each["name"] for each in rabbitmq.manage("GET", "vhosts")}
        assert second in there and first not in there
