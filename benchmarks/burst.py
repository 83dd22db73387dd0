"""A burst of granules against one slow worker, and against a slow ledger: how far it backs up, what everybody weighs.

    .venv/bin/python benchmarks/burst.py [--granules 20000] [--case worker|ledger]

So many files lie in a watched directory when the watcher starts. The slow worker has one child for a product that does
nothing; the slow ledger is behind a path that holds every packet back. Measured until every slot has its result.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.proxy import Proxy
from icestream_core import naming
from icestream_runtime.rabbitmq import RabbitBroker
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

PRODUCT = "tally-nothing"
START = datetime(2026, 1, 1, tzinfo=UTC)
SLOW_SECONDS = 0.005
LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 1800.0
SERVICES = ("watcher", "gatherer", "worker")
CASES = ("worker", "ledger")


def run(granules: int = 20_000, case: str = "worker") -> dict[str, float]:
    """Return what was made of a burst, how long it took, the deepest queue, and memory in MB.

    `..._mb` is what a service weighed first, once it had begun, and `..._most_mb` the most that it ever weighed.
    """
    rabbitmq, postgresql = PrivateRabbitMQ(), PrivatePostgreSQL()
    rabbitmq.start()
    postgresql.start()
    try:
        with (
            tempfile.TemporaryDirectory() as root,
            rabbitmq.vhost() as amqp_url,
            postgresql.database() as ledger_url,
            _path(ledger_url, SLOW_SECONDS if case == "ledger" else 0.0) as slow_url,
            stream(Path(root), amqp_url, slow_url, tally=True, plugins="tally", tick_seconds=1.0) as running,
        ):
            running.ledger_url = ledger_url
            return _burst(running, amqp_url, granules)
    finally:
        rabbitmq.close()
        postgresql.close()


def _burst(running: Stream, amqp_url: str, granules: int) -> dict[str, float]:
    for number in range(granules):
        (running.watched / f"count_{START + timedelta(seconds=number):%Y%m%dT%H%M%S}_s0.txt").write_text(f"{number}\n")
    running.start("gatherer", "gatherer")
    running.start("worker", "worker", "--product", PRODUCT, "--concurrency", "1")
    running.wait_until_ready()
    broker = RabbitBroker(amqp_url, "benchmark")
    queues = (naming.INTAKE, naming.make_queue(PRODUCT), naming.OUTCOMES)
    deepest = dict.fromkeys(queues, 0)
    weights: dict[str, list[float]] = {name: [] for name in SERVICES}
    begun = time.monotonic()
    running.start("watcher", "watch", str(running.watched))
    try:
        while (ended := running.ledger.counts().get(PRODUCT, {}).get("void", 0)) < granules:
            if time.monotonic() > begun + PATIENCE_SECONDS:
                raise TimeoutError(f"{ended} of {granules} slots have a result after {PATIENCE_SECONDS:g} s")
            deepest = {queue: max(most, broker.depth(queue).ready) for queue, most in deepest.items()}
            if ended:
                for name in SERVICES:
                    weights[name].append(_weight(running.processes[name].pid))
            time.sleep(LOOK_SECONDS)
    finally:
        broker.close()
    elapsed = time.monotonic() - begun
    refused = len(running.ledger.letters(granules)) + len(running.ledger.granules(quarantined=True))
    assert set(running.stop().values()) == {0}
    return {
        "granules": granules,
        "slots": ended,
        "refused": refused,
        "seconds": elapsed,
        "per_s": granules / elapsed,
        **{f"deepest {queue}": depth for queue, depth in deepest.items()},
        **{f"{name}_mb": of[0] for name, of in weights.items()},
        **{f"{name}_most_mb": max(of) for name, of in weights.items()},
    }


def _weight(pid: int) -> float:
    """Return the memory of a service without its children, shared pages counted by their share, MB."""
    return float(psutil.Process(pid).memory_full_info().pss) / 1e6


@contextmanager
def _path(url: str, seconds: float) -> Iterator[str]:
    """Give the address of a ledger behind a path that holds every packet back so long, each way."""
    parts = urlsplit(url)
    assert parts.port is not None
    with Proxy(parts.port) as proxy:
        proxy.slow(seconds)
        yield parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{proxy.port}")).geturl()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--granules", type=int, default=20_000, help="how many come at once (default: %(default)s)")
    parser.add_argument("--case", choices=CASES, default=CASES[0], help="what is slow (default: %(default)s)")
    given = parser.parse_args()
    print(json.dumps(run(given.granules, given.case), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
