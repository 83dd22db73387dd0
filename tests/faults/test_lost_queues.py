"""A broker whose queues are lost, with tasks in them: the ledger still knows, and one command fills them again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream


def wait_for_tasks(running: Stream, count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(row.task_published_at is not None for row in running.rows()) < count:
        assert time.monotonic() < deadline, "the granules did not become tasks"
        time.sleep(0.1)


@pytest.mark.timeout(240)
@pytest.mark.xdist_group("faults")
def test_lost_queues_are_filled_again_from_the_ledger(
    tmp_path: Path, rabbitmq: PrivateRabbitMQ, amqp_url: str, postgres_url: str
) -> None:
    with stream(tmp_path, amqp_url, postgres_url, tally=True, plugins="tally", stable_seconds=0.2) as running:
        running.command("register", "tally-square")
        running.start("gatherer", "gatherer")
        for minute in range(5):
            (tmp_path / f"count_20240101T00{minute:02}00_a.txt").write_text(f"{minute}\n")
        running.command("announce", str(tmp_path))
        wait_for_tasks(running, 5)

        vhost = amqp_url.rpartition("/")[2]
        for queue in rabbitmq.manage("GET", f"queues/{vhost}"):
            rabbitmq.manage("DELETE", f"queues/{vhost}/{queue['name']}")
        assert json.loads(running.command("ledger", "republish", "--json")) == {"republished": 5}
        running.start("worker", "worker", "--product", "tally-square")
        rows = running.wait_until_quiet(90, least_made=5)
        assert [(row.state, row.revision) for row in rows] == [("made", 1)] * 5
        assert json.loads(running.command("ledger", "republish", "--json")) == {"republished": 0}
