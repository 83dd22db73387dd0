"""The stream with a product that does nothing, beside a bare pika loop on the same broker; and what a worker weighs.

    .venv/bin/python benchmarks/stream.py [--granules 2000]

The floor consumes, publishes with a confirm and acks one message after the other, as small as a granule's message.
The stream records each granule, looks, tasks, asks a child process, finalises and announces. Both in one run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pika
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "parts" / "tally"))

from icestream_core import naming, plugins
from icestream_core.granule import Asset, Granule
from icestream_core.message import decode, encode
from icestream_gatherer.__main__ import run as run_gatherer
from icestream_runtime import logs
from icestream_runtime.broker import Broker, Message, Subscription
from icestream_runtime.ledger import open_ledger
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.settings import Settings
from icestream_runtime.topology import Binding, Queue, Topology, topology
from icestream_worker.__main__ import run as run_worker
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

PRODUCT = "tally-nothing"
START = datetime(2026, 1, 1, tzinfo=UTC)
HEARD = "bench.announcements"
SINGLY = 200
BODY = 1024


def run(granules: int = 2000) -> dict[str, float]:
    """Return granules/s of the floor and the stream, latencies in ms, and memory in MB."""
    rabbitmq, postgresql = PrivateRabbitMQ(), PrivatePostgreSQL()
    rabbitmq.start()
    postgresql.start()
    try:
        with rabbitmq.vhost() as amqp_url, postgresql.database() as ledger_url, tempfile.TemporaryDirectory() as root:
            figures = {"floor_per_s": _bare_pika(amqp_url, granules)}
            figures |= _distributed(Path(root), amqp_url, ledger_url, granules)
    finally:
        rabbitmq.close()
        postgresql.close()
    with tempfile.TemporaryDirectory() as root:
        figures |= _embedded(Path(root), granules)
    figures["ratio"] = figures["stream_per_s"] / figures["floor_per_s"]
    return figures


def _bare_pika(url: str, count: int) -> float:
    """Return messages/s of a loop that consumes, publishes with a confirm and acks, one by one."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    for queue in ("bench.in", "bench.out"):
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    properties = pika.BasicProperties(delivery_mode=2)
    for _ in range(count):
        channel.basic_publish("", "bench.in", b"x" * BODY, properties)
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    begun = time.perf_counter()
    for done, (method, _, body) in enumerate(channel.consume("bench.in"), start=1):
        channel.basic_publish("", "bench.out", body, properties, mandatory=True)
        channel.basic_ack(method.delivery_tag)
        if done == count:
            break
    elapsed = time.perf_counter() - begun
    channel.cancel()
    connection.close()
    return count / elapsed


def _distributed(root: Path, amqp_url: str, ledger_url: str, count: int) -> dict[str, float]:
    with stream(root, amqp_url, ledger_url, tally=True, plugins="tally", concurrency=2, tick_seconds=1.0) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", "--product", PRODUCT)
        running.wait_until_ready()
        broker = RabbitBroker(amqp_url, "benchmark")
        try:
            figures = _feed(broker, root, count, "stream", lambda: _weigh(running))
        finally:
            broker.close()
        running.stop()
    return figures


def _embedded(root: Path, count: int) -> dict[str, float]:
    """The same in one process: memory broker, SQLite, child processes."""
    settings = Settings(out=str(root / "out"), tick_seconds=0.2, concurrency=2, plugins=("tally",))
    logs.configure("benchmark", settings.log_format, "warning")
    broker, ledger = MemoryBroker(), open_ledger(settings.ledger_url.get_secret_value(), migrate=True)
    stop = threading.Event()
    product = plugins.load(("tally",)).product(PRODUCT)
    services = [
        threading.Thread(target=run_gatherer, args=(settings, stop), kwargs={"broker": broker, "ledger": ledger}),
        threading.Thread(target=run_worker, args=(settings, [product], stop), kwargs={"broker": broker}),
    ]
    for service in services:
        service.start()
    try:
        return _feed(broker, root, count, "embedded", dict)
    finally:
        stop.set()
        for service in services:
            service.join()
        ledger.close()
        broker.close()


def _feed(broker: Broker, root: Path, count: int, name: str, weigh: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Publish granules, hear their announcements: first one at a time with a pause, then all at once."""
    with _hearing(broker) as heard:
        messages = list(_granules(root, count + SINGLY + 1))
        broker_ready(broker, messages.pop(), heard)
        idle = weigh()
        waits = [_one(broker, message, heard) for message in messages[:SINGLY]]
        begun = time.perf_counter()
        busy: dict[str, float] = {}
        sender = threading.Thread(target=broker.publish, args=(messages[SINGLY:],))
        sender.start()
        for number in range(count):
            delivery = heard.get(60)
            assert delivery is not None, f"announcement {number} of {count} did not come"
            heard.ack(delivery)
            if number == count // 2:
                busy = weigh()
        elapsed = time.perf_counter() - begun
        sender.join()
    return {
        f"{name}_per_s": count / elapsed,
        f"{name}_p50_ms": 1000 * statistics.median(waits),
        f"{name}_p99_ms": 1000 * statistics.quantiles(waits, n=100)[98],
        **{f"idle_{part}_mb": value for part, value in idle.items()},
        **{f"busy_{part}_mb": value for part, value in busy.items()},
    }


def broker_ready(broker: Broker, message: Message, heard: Subscription) -> None:
    """Send one through until it is announced: everything is registered, bound and warm then."""
    for _ in range(60):
        if not broker.publish([message]):
            break
        time.sleep(0.5)
    first = heard.get(60)
    assert first is not None, "nothing was announced within a minute"
    heard.ack(first)


def _one(broker: Broker, message: Message, heard: Subscription) -> float:
    time.sleep(0.01)
    begun = time.perf_counter()
    broker.publish([message])
    delivery = heard.get(30)
    assert delivery is not None, "a granule was not announced within 30 s"
    heard.ack(delivery)
    return time.perf_counter() - begun


@contextmanager
def _hearing(broker: Broker) -> Iterator[Subscription]:
    broker.apply(topology())
    queue = Queue(HEARD, {"x-queue-type": "quorum"})
    broker.apply(Topology(queues=(queue,), bindings=(Binding(HEARD, "product.#"),)))
    subscription = broker.subscribe([HEARD], 1000)
    try:
        yield subscription
    finally:
        subscription.close()


def _granules(root: Path, count: int) -> Iterator[Message]:
    """Give the messages of granules whose files exist."""
    (root / "granules").mkdir()
    for number in range(count):
        start = START + timedelta(seconds=number)
        path = root / "granules" / f"count_{start:%Y%m%dT%H%M%S}_s0.txt"
        path.write_text(f"{number}\n")
        body = path.read_bytes()
        asset = Asset(href=str(path), size=len(body), checksum=f"sha256:{hashlib.sha256(body).hexdigest()}")
        granule = Granule(
            granule_id=path.stem,
            checksum=asset.checksum,
            collection="count",
            sensor="abacus",
            platform="abacus",
            tile="s0",
            start=start,
            end=start + timedelta(seconds=1),
            assets=(asset,),
            published_at=start,
            received_at=datetime.now(UTC),
        )
        assert decode(encode(granule)) == granule
        yield Message(encode(granule), naming.granule_key(granule), message_id=granule.granule_id)


def _weigh(running: Stream) -> dict[str, float]:
    """Return the resident memory of a worker with one child (shared pages counted once) and of a gatherer."""
    worker = psutil.Process(running.processes["worker"].pid)
    children = sorted(each.memory_full_info().pss for each in worker.children(recursive=True))
    gatherer = psutil.Process(running.processes["gatherer"].pid)
    return {
        # It has two children; with one, which is the default, it weighs less by the other.
        "worker": (worker.memory_full_info().pss + sum(children[:-1])) / 1e6,
        "worker_parent": worker.memory_full_info().pss / 1e6,
        "gatherer": gatherer.memory_full_info().pss / 1e6,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--granules", type=int, default=2000, help="how many pass through (default: %(default)s)")
    print(json.dumps(run(parser.parse_args().granules), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
