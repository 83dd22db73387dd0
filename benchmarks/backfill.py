"""A year of daily global grids by backfill: granules a second, on two children, with nothing waited for.

    .venv/bin/python benchmarks/backfill.py [--days N]

`snow-depth-global` is made of F17's cold passes, the days on either side of each slot included, by the stream's own
parts as `icestream make --jobs 2` runs them: look, task, child, publish, finalise, announce. A day has seven granules,
one a channel. Fewer days than a year are made where asked, and the year is told from them: each day costs the same.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from icestream_cli.fit import Found, simulated_rows, write_set
from icestream_cli.one_shot import OneShot, needed_for
from icestream_core import plugins
from icestream_runtime.metrics import Metrics
from icestream_runtime.storage import Storage
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth
from icestream_watcher.announce import announceable
from icestream_worker.children import ProcessChildren
from icestream_worker.handle import Handler

PRODUCT = "snow-depth-global"
FIRST = date(2014, 1, 1)
JOBS, SEED = 2, 3
YEAR = 365


def run(days: int) -> dict[str, float]:
    """Return granules and slots a second, and how long a year takes."""
    installed, truth = plugins.load(), Truth(SEED)
    product = installed.product(PRODUCT)
    assert product.fit is not None
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        last = FIRST + timedelta(days=days - 1)
        paths = simulate("nsidc-0032", FIRST, last, root / "observed", truth=truth, platform="F17", passes=("D",))
        rows = simulated_rows(product, product.fit, SEED, lambda *_: None)
        learned = product.fit.learn(rows.rows, SEED)
        paths.append(write_set(installed, product, product.fit, learned, Found("simulated", rows), root / "sets", SEED))
        collections = list(installed.collections.values())
        granules = [granule for path in paths if (granule := announceable(path, collections)) is not None]
        order = needed_for(product, installed.products)
        children = ProcessChildren(JOBS, functools.partial(plugins.load, ()), 1000)
        handler = Handler({each.name: each for each in order}, Storage(root / "out"), children, Metrics())
        with closing(children), closing(handler), closing(OneShot(handler, Storage(root / "out"), JOBS)) as shot:
            begun = time.perf_counter()
            made = shot.make(order, granules)
            seconds = time.perf_counter() - begun
        slots = sum(each.row.state == "made" for each in made[PRODUCT])
    return {
        "days": days,
        "slots_made": slots,
        "granules_per_s": len(granules) / seconds,
        "slots_per_s": slots / seconds,
        "year_minutes": YEAR * seconds / slots / 60,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=YEAR)
    print(json.dumps(run(parser.parse_args().days), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
