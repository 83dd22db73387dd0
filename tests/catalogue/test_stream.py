"""The catalogue as a process beside a real stream on RabbitMQ and PostgreSQL, and inside `icestream run`."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from catalogue.world import World, answers, day_of, get, until
from icestream_core.message import encode
from icestream_core.naming import CATALOGUE
from icestream_runtime.broker import Broker, Message, QueueMissing
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.settings import load
from parts.process import free_ports
from parts.stream import Stream, stream

DEPTH = "snow-depth-china"


def drop(running: Stream, station: str, hour: int = 0) -> None:
    partial = running.watched / f".{station}"
    partial.write_text("3")
    partial.rename(running.watched / f"count_20240101T{hour:02d}0000_{station}.txt")


@pytest.mark.timeout(180)
def test_a_catalogue_of_its_own_on_rabbitmq_and_postgresql(tmp_path: Path, amqp_url: str, postgres_url: str) -> None:
    port, metrics_port = free_ports(2)
    address = f"http://127.0.0.1:{port}"
    with stream(
        tmp_path, amqp_url, postgres_url, catalogue_url=postgres_url, catalogue_port=port, metrics_port=metrics_port
    ) as running:
        world = World(running.out, postgres_url)
        broker = open_rabbitmq(load(amqp_url=amqp_url), "test")
        world.register(DEPTH)
        before = world.make(day_of(DEPTH, 0))
        running.start("catalogue", "catalogue")
        until(lambda: answers(f"{address}/stac"), 60)
        search = f"{address}/stac/search?collections={DEPTH}"
        until(lambda: get(search)["numberReturned"] == 1, 60)
        until(lambda: broker_has(broker, CATALOGUE), 30)

        running.kill("catalogue")
        after = [world.make(day_of(DEPTH, number), [before.granule_id]) for number in (1, 2)]
        broker.publish([Message(encode(each), f"product.snow-depth.{DEPTH}") for each in (*after, before)])
        running.restart("catalogue")
        until(lambda: answers(f"{address}/stac") and get(search)["numberReturned"] == 3, 60)
        until(lambda: broker.depth(CATALOGUE).ready == 0, 30)
        lineage = get(f"{address}/api/items/{before.granule_id}/lineage")
        assert {node["id"] for node in lineage["nodes"] if node["level"] == 1} == {each.granule_id for each in after}
        until(lambda: answers(f"http://127.0.0.1:{metrics_port}/readyz"), 30)
        assert answers(f"http://127.0.0.1:{metrics_port}/livez")
        assert running.stop() == {"catalogue": 0}
        broker.close()
        world.close()


def broker_has(broker: Broker, queue: str) -> bool:
    try:
        return broker.depth(queue).consumers == 1
    except QueueMissing:
        return False


@pytest.mark.timeout(120)
def test_a_stream_in_one_process_serves_its_page(tmp_path: Path) -> None:
    running = Stream(
        tmp_path, "", f"sqlite:///{tmp_path}/out/ledger.sqlite", tally=True, plugins="tally", stable_seconds=0.2,
        settle_seconds=1,
    )  # fmt: skip
    (port,) = free_ports(1)
    try:
        running.start("run", "run", "--watch", str(running.watched), "--serve", str(port), "--product", "tally-square")
        drop(running, "a")
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{address}/stac"), 60)
        until(lambda: get(f"{address}/stac/search")["numberReturned"] == 1, 60)
        with urllib.request.urlopen(f"{address}/", timeout=10) as page:
            assert page.headers["content-type"].startswith("text/html")
        assert running.stop() == {"run": 0}
    finally:
        running.close()
