"""Two workers against one on real work: `cold-pass-tb` of simulated F17 days, through RabbitMQ and PostgreSQL.

    .venv/bin/python benchmarks/scaling.py [--days 40]

All tasks are published before the workers start; measured is from when they are ready to the last product.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import psutil

from icestream_simulator.simulate import simulate
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

FIRST = date(2014, 2, 1)
PRODUCT = "cold-pass-tb"
LOOK_SECONDS = 0.05
WEIGH_SECONDS = 1.0


def run(days: int = 40) -> dict[str, float]:
    """Return products/s of one and of two workers, their ratio, and what a busy worker weighs in MB."""
    rabbitmq, postgresql = PrivateRabbitMQ(), PrivatePostgreSQL()
    rabbitmq.start()
    postgresql.start()
    try:
        with tempfile.TemporaryDirectory() as directory:
            granules = Path(directory) / "granules"
            simulate("nsidc-0032", FIRST, FIRST + timedelta(days=days - 1), granules, passes=("D",))
            one, two = (_rate(count, days, granules, rabbitmq, postgresql, Path(directory)) for count in (1, 2))
    finally:
        rabbitmq.close()
        postgresql.close()
    return {
        "one_worker_per_s": one[0],
        "two_workers_per_s": two[0],
        "ratio": two[0] / one[0],
        "busy_mb": max(one[1], two[1]),
    }


def _rate(
    workers: int, days: int, granules: Path, rabbitmq: PrivateRabbitMQ, postgresql: PrivatePostgreSQL, root: Path
) -> tuple[float, float]:
    """Return products/s, and the most memory that a worker with its child was seen to hold, MB."""
    with (
        rabbitmq.vhost() as amqp_url,
        postgresql.database() as ledger_url,
        stream(root / f"with-{workers}", amqp_url, ledger_url, products=PRODUCT) as running,
    ):
        running.start("gatherer", "gatherer")
        # This one alone: the stream would look at what else could be made of each, and nobody here makes it.
        running.command("register", PRODUCT)
        running.command("announce", *[str(path) for path in sorted(granules.iterdir())])
        _until(running, "tasked", days, 120)
        for number in range(workers):
            running.start(f"worker-{number}", "worker", "--product", PRODUCT)
        running.wait_until_ready()
        made_before = running.ledger.counts()[PRODUCT].get("made", 0)
        begun = time.perf_counter()
        weights = [0.0]
        _until(running, "made", days, 300, lambda: weights.append(_weight(running)))
        return (days - made_before) / (time.perf_counter() - begun), max(weights)


def _weight(running: Stream) -> float:
    """Return the memory of the first worker and its child, shared pages counted once, MB."""
    worker = psutil.Process(running.processes["worker-0"].pid)
    return sum(each.memory_full_info().pss for each in (worker, *worker.children(recursive=True))) / 1e6


def _until(
    running: Stream, state: str, count: int, timeout: float, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Wait until so many slots are in a state. Counted in the database, and weighed seldom: to look costs work too."""
    begun = weighed = time.monotonic()
    while time.monotonic() < begun + timeout:
        if running.ledger.counts().get(PRODUCT, {}).get(state, 0) >= count:
            return
        if time.monotonic() > weighed + WEIGH_SECONDS:
            weighed = time.monotonic()
            meanwhile()
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{count} slots are not {state} after {timeout:g} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=40, help="how many days are made (default: %(default)s)")
    print(json.dumps(run(parser.parse_args().days), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
