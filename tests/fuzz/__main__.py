"""Hostile input in bulk: messages, settings, notices and files of every reader.

    .venv/bin/python tests/fuzz [--inputs 100000] [--files 2000] [--seed N] [--granules DIR]

The same seed gives the same inputs. Exit code 1 where something was found; what was found lies in fuzz-output/.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import messages, notices, readers
from fuzz.mutations import mutated
from icestream_core.collection import recognise
from icestream_core.plugins import load
from icestream_simulator.simulate import simulate

KEPT = Path("fuzz-output")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--inputs", type=int, default=20_000, help="messages and settings, and as many notices (default: %(default)s)"
    )
    parser.add_argument("--files", type=int, default=500, help="mutated files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--granules", type=Path, help="a directory of real granules, beside the simulated ones")
    given = parser.parse_args()
    begun = time.monotonic()
    found = bulk(given.inputs, given.seed)
    print(f"{given.inputs} messages and settings in {time.monotonic() - begun:.0f} s: {dict(found)}", flush=True)
    begun = time.monotonic()
    noticed = notices.fuzz(given.inputs, given.seed)
    print(f"{given.inputs} notices in {time.monotonic() - begun:.0f} s: {dict(sorted(noticed.items()))}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        files = corpus(Path(place) / "corpus", given.granules)
        directory = Path(place) / "run"
        directory.mkdir()
        opened, kept = readers.fuzz(files, given.files, given.seed, directory)
        written = sorted(path.name for path in directory.iterdir())
    print(f"{given.files} files of {len(files)} in {time.monotonic() - begun:.0f} s:")
    for what, count in opened.most_common():
        print(f"  {count:6} {what}")
    for what, body in kept.items():
        KEPT.mkdir(exist_ok=True)
        (KEPT / hashlib.sha256(what.encode()).hexdigest()[:16]).write_bytes(body)
    if written:
        print(f"readers wrote {', '.join(written)}")
    return 1 if kept or written else 0


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


def corpus(place: Path, granules: Path | None) -> dict[str, bytes]:
    """Return a small file of each format, by its name."""
    place.mkdir()
    day = date(2014, 2, 1)
    paths = simulate("amsr2-l3-tb", day, day, place)[:1]
    paths += simulate("nsidc-0032", day, day, place)[:1] if granules is None else real(granules)
    (radar, *_) = simulate("quikscat", date(2007, 7, 1), date(2007, 7, 1), place, grid="Grn", passes=["A"])
    files = {path.name: path.read_bytes() for path in paths}
    # Unpacked: behind gzip's checksum few mutations would ever reach the reader.
    return files | {radar.name.removesuffix(".gz"): gzip.decompress(radar.read_bytes())}


def real(granules: Path) -> list[Path]:
    """Return a real file of each collection that there is one of."""
    found: dict[str, Path] = {}
    collections = list(load().collections.values())
    for path in sorted(path for path in granules.rglob("*") if path.is_file()):
        recognised = recognise(path.name, collections)
        if recognised is not None:
            found.setdefault(recognised[0].name, path)
    return list(found.values())


if __name__ == "__main__":
    sys.exit(main())
