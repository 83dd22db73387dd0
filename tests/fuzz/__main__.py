"""Hostile input in bulk: messages, settings, notices and files of every reader.

    .venv/bin/python tests/fuzz [--inputs 100000] [--files 2000] [--seed N] [--granules DIR]

The same seed gives the same inputs. Exit code 1 where something was found; what was found lies in fuzz-output/.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import messages, notices, readers
from fuzz.corpus import corpus
from fuzz.mutations import mutated

KEPT = Path("fuzz-output")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--inputs", type=int, default=20_000, help="messages and settings, and as many notices (default: %(default)s)"
    )
    parser.add_argument("--files", type=int, default=500, help="spoilt files (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="for files, at most (default: as it takes)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--granules", type=Path, help="a directory of real granules, beside the simulated ones")
    given = parser.parse_args()
    begun = time.monotonic()
    found = bulk(given.inputs, given.seed)
    print(f"{given.inputs} messages and settings in {time.monotonic() - begun:.0f} s: {dict(found)}", flush=True)
    begun = time.monotonic()
    noticed = notices.fuzz(given.inputs, given.seed)
    print(f"{given.inputs} notices in {time.monotonic() - begun:.0f} s: {dict(sorted(noticed.items()))}", flush=True)
    return 1 if files(given.files, given.seed, given.granules, given.seconds) else 0


def files(count: int, seed: int, granules: Path | None, seconds: float = math.inf) -> int:
    """Open so many spoilt files, print what became of them by name, keep what to look at; return how many findings."""
    with tempfile.TemporaryDirectory() as place:
        right = corpus(made(Path(place), "corpus"), granules)
        directory = made(Path(place), "run")
        begun = time.monotonic()
        tallies, kept = readers.fuzz(right, count, seed, directory, seconds)
        written = sorted(f"readers left {path.name}" for path in directory.rglob("*"))
    opened = sum(tally.counts.total() for tally in tallies.values())
    print(f"{opened} files, spoilt from {len(right)}, in {time.monotonic() - begun:.0f} s:")
    for name, tally in sorted(tallies.items()):
        print(f"{name}: {tally.counts.total()}, the slowest {tally.slowest:.1f} s, at most {tally.largest} MiB")
        for said, number in tally.counts.most_common():
            print(f"  {number:6} {said}")
    for what, body in kept.items():
        KEPT.mkdir(exist_ok=True)
        path = KEPT / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.{what.partition(':')[0]}"
        path.write_bytes(body)
        print(f"{what}: see {path}")
    print("\n".join(written))
    findings = sum(tally.findings for tally in tallies.values()) + len(written)
    print(f"findings: {findings}")
    return findings


def made(place: Path, name: str) -> Path:
    directory = place / name
    directory.mkdir()
    return directory


def bulk(count: int, seed: int) -> Counter[str]:
    """Read so many mutated messages, and settings now and then; an error that is not ours ends it."""
    found: Counter[str] = Counter()
    stream = mutated(messages.specimens(), seed)
    for number in range(count):
        if number % 200 == 0:
            found[f"settings {messages.settings(stream)}"] += 1
        else:
            found[messages.read(next(stream))] += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
