"""New passes beside a backfill of a year: how much later they are announced than without it.

    .venv/bin/python benchmarks/beside.py [--days 365] [--passes 60]

`cold-pass-tb` of F17, seven granules a day, through RabbitMQ and PostgreSQL, one worker with two children. A new day
comes now and then; its latency is from its granules' arrival to its product's announcement. First alone, then while
`icestream backfill --files` makes the year before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from icestream_core import plugins
from icestream_core.granule import Granule
from icestream_core.message import decode
from icestream_runtime.broker import Subscription
from icestream_runtime.rabbitmq import RabbitBroker
from icestream_runtime.topology import Binding, Queue, Topology
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth
from icestream_watcher.announce import announceable, message_of
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ
from parts.stream import Stream, stream

PRODUCT = "cold-pass-tb"
YEAR, NEW = date(2012, 1, 1), date(2013, 1, 1)
HEARD = "bench.announcements"
PAUSE_SECONDS = 0.5
LONGEST_SECONDS = 120.0


def run(days: int = 365, passes: int = 60) -> dict[str, float]:
    """Return p50 and p95 of new passes alone and beside a backfill, ms, their ratios, and how far the backfill came.

    days : of the backfill
    passes : new ones that are measured, half of them alone
    """
    rabbitmq, postgresql = PrivateRabbitMQ(), PrivatePostgreSQL()
    rabbitmq.start()
    postgresql.start()
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            rabbitmq.vhost() as amqp_url,
            postgresql.database() as ledger_url,
            stream(Path(directory), amqp_url, ledger_url, products=PRODUCT, concurrency=2) as running,
        ):
            root, truth = Path(directory), Truth(3)
            simulate("nsidc-0032", NEW, NEW + timedelta(days=passes - 1), root / "new", truth=truth, passes=("D",))
            simulate("nsidc-0032", YEAR, YEAR + timedelta(days=days - 1), root / "year", truth=truth, passes=("D",))
            broker = RabbitBroker(amqp_url, "benchmark")
            try:
                return _measured(running, broker, root, days, passes)
            finally:
                broker.close()
    finally:
        rabbitmq.close()
        postgresql.close()


def _measured(running: Stream, broker: RabbitBroker, root: Path, days: int, passes: int) -> dict[str, float]:
    broker.apply(Topology(queues=(Queue(HEARD, {"x-queue-type": "quorum"}),), bindings=(Binding(HEARD, "product.#"),)))
    heard = broker.subscribe([HEARD], 100)
    running.start("gatherer", "gatherer")
    running.command("register", PRODUCT)
    running.start("worker", "worker", "--product", PRODUCT)
    running.wait_until_ready()
    collections = list(plugins.load().collections.values())
    granules = [granule for path in (root / "new").iterdir() if (granule := announceable(path, collections))]
    arrivals = [list(of_day) for _, of_day in groupby(sorted(granules, key=lambda each: each.start), lambda g: g.start)]
    assert len(arrivals) == passes
    alone = [_latency(broker, heard, arrival) for arrival in arrivals[: passes // 2]]
    backfill = _backfill(running, root / "year", days)
    try:
        while not running.ledger.counts()[PRODUCT].get("tasked", 0):
            time.sleep(0.1)
        before = time.monotonic()
        beside = [_latency(broker, heard, arrival) for arrival in arrivals[passes // 2 :]]
        elapsed = time.monotonic() - before
        left = running.ledger.counts()[PRODUCT].get("tasked", 0)
        assert left, "the year was made before the last new pass: measure with more days"
    finally:
        backfill.kill()
        backfill.wait()
    made = running.ledger.counts()[PRODUCT]["made"] - passes
    found = {"backfilled": made, "backfilled_per_s": made / elapsed}
    for name, latencies in (("alone", alone[1:]), ("beside", beside)):
        found[f"{name}_p50_ms"] = 1000 * statistics.median(latencies)
        found[f"{name}_p95_ms"] = 1000 * statistics.quantiles(latencies, n=20)[-1]
    return found | {"p95_ratio": found["beside_p95_ms"] / found["alone_p95_ms"]}


def _backfill(running: Stream, archive: Path, days: int) -> subprocess.Popen[bytes]:
    last = YEAR + timedelta(days=days - 1)
    words = ["--from", f"{YEAR}", "--to", f"{last}", "--files", str(archive), "--rate", "1000"]
    return running.start("backfill", "backfill", PRODUCT, *words)


def _latency(broker: RabbitBroker, heard: Subscription, arrival: Sequence[Granule]) -> float:
    """Return the seconds from the arrival of a day's granules to the announcement of what was made of them."""
    time.sleep(PAUSE_SECONDS)
    begun = time.monotonic()
    broker.publish([message_of(granule) for granule in arrival])
    while True:
        delivery = heard.get(LONGEST_SECONDS)
        assert delivery is not None, f"{arrival[0].start:%Y-%m-%d} was not announced in {LONGEST_SECONDS:g} s"
        heard.ack(delivery)
        announced = decode(delivery.body)
        if isinstance(announced, Granule) and announced.start == arrival[0].start:
            return time.monotonic() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365, help="of the backfill (default: %(default)s)")
    parser.add_argument("--passes", type=int, default=60, help="new days, half of them alone (default: %(default)s)")
    given = parser.parse_args()
    print(json.dumps(run(given.days, given.passes), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
