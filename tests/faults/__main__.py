"""Random faults over a live stream: lost 0, doubled 0, wrong 0, or a schedule that shows why not.

    .venv/bin/python tests/faults [--faults 300] [--seed N] [--replay FILE] [--shrink N]

The seed is printed and gives the same schedule again; what the processes do in it hangs on the machine too. A schedule
that fails is kept in faults-output/, and parts of it are run until a short one is left that still fails.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.harness import Report, run
from faults.schedule import EACH_OF_FIVE, Fault, draw, from_json, kinds_of, to_json
from faults.shrink import shrink
from parts.postgresql import PrivatePostgreSQL
from parts.rabbitmq import PrivateRabbitMQ

SECONDS_A_FAULT = 0.7
KEPT = Path("faults-output")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=300, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of the schedule; a new one where absent")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a schedule that was kept")
    parser.add_argument("--shrink", type=int, default=10, metavar="N", help="of a failing one (default: %(default)s)")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    if given.replay:
        faults = from_json(given.replay.read_text())
    else:
        least = EACH_OF_FIVE if given.faults >= 150 else None
        faults = draw(seed, given.faults, given.faults * SECONDS_A_FAULT, least)
    print(f"seed {seed}, {len(faults)} faults: make faults ARGS='--seed {seed} --faults {given.faults}'", flush=True)

    rabbitmq, postgresql = PrivateRabbitMQ(), PrivatePostgreSQL()
    rabbitmq.start()
    postgresql.start()
    try:
        report = once(rabbitmq, postgresql, faults, seed)
        show(report)
        if report.verdict.holds:
            return 0
        keep(faults, seed)
        if given.shrink:
            short = shrink(faults, lambda some: not once(rabbitmq, postgresql, some, seed).verdict.holds, given.shrink)
            print(f"shrunk to {len(short)} faults:", *short, sep="\n  ")
            keep(short, seed, "-shrunk")
        return 1
    finally:
        rabbitmq.close()
        postgresql.close()


def once(rabbitmq: PrivateRabbitMQ, postgresql: PrivatePostgreSQL, faults: Sequence[Fault], seed: int) -> Report:
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {what}", flush=True)

    with rabbitmq.vhost() as amqp_url, postgresql.database() as ledger_url, tempfile.TemporaryDirectory() as root:
        report = run(Path(root), rabbitmq, postgresql, amqp_url, ledger_url, faults, seed, say=say)
        say(str(report.verdict))
        if not report.verdict.holds:
            _keep_logs(Path(root) / "logs", seed)
        return report


def show(report: Report) -> None:
    for kind, count in kinds_of(report.done).items():
        print(f"  {count:4} {kind}")
    if not report.has_disk:
        print("  no full disk: this machine lets us mount no tmpfs")
    over = f"{len(report.done)} faults over {report.granules} granules and {report.slots} slots"
    print(f"{over} in {report.seconds:.0f} s: {report.verdict}")


def keep(faults: Sequence[Fault], seed: int, suffix: str = "") -> None:
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"seed-{seed}{suffix}.json"
    path.write_text(to_json(faults))
    print(f"kept: make faults ARGS='--seed {seed} --replay {path}'")


def _keep_logs(logs: Path, seed: int) -> None:
    target = KEPT / f"seed-{seed}-logs"
    target.mkdir(parents=True, exist_ok=True)
    for path in logs.glob("*.log"):
        (target / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
