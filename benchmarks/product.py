"""`snow-depth-china` of a real day, beside reading its inputs and writing its outputs alone.

    .venv/bin/python benchmarks/product.py [--granules DIR]

The floor reads the same files into arrays (h5netcdf, and what libraries ship) and writes the same arrays with the same
encodings (h5netcdf, numpy.savetxt, Pillow) and the same small JSON files. Both in one warm process, best of several.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import numpy as np
from PIL import Image

from icestream_core import plugins
from icestream_core.grid import CHINA_025
from icestream_core.task import Task
from icestream_generation.fetched import Fetched
from icestream_generation.generate import generate
from icestream_generation.library import open_library

ROUNDS = 7
PRODUCT = "snow-depth-china"


def run(granules: Path) -> dict[str, float]:
    """Return seconds of the product and of its floor, and their ratio."""
    with tempfile.TemporaryDirectory() as directory:
        task, files = _task_of_a_real_day(granules, Path(directory))
        installed = plugins.load()
        product = installed.product(PRODUCT)
        made = Path(directory) / "made"

        def make() -> None:
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            generate(product, task, files, installed.collections, made, {})

        make()
        floor = _floor(files, made, Path(directory) / "floor")
        floor()
        product_seconds, floor_seconds = _best(make), _best(floor)
    return {"product_s": product_seconds, "floor_s": floor_seconds, "ratio": product_seconds / floor_seconds}


def _task_of_a_real_day(granules: Path, root: Path) -> tuple[Task, dict[str, list[Fetched]]]:
    """Let the stream make the day once, and return the task it had and its files."""
    from icestream_cli.files import granules_of  # the same reading of names and checksums as `icestream make`
    from icestream_cli.one_shot import OneShot, needed_for
    from icestream_runtime.metrics import Metrics
    from icestream_runtime.storage import Storage
    from icestream_worker.children import InlineChildren
    from icestream_worker.handle import Handler, asset_of

    installed = plugins.load()
    storage = Storage(root / "out")
    order = needed_for(installed.product(PRODUCT), installed.products)
    tasks: list[Task] = []

    class Remembering(Handler):
        def handle(self, task: Task):
            tasks.append(task)
            return super().handle(task)

    products = {product.name: product for product in order}
    handler = Remembering(products, storage, InlineChildren(installed), Metrics())
    shot = OneShot(handler, storage)
    paths = sorted((granules / "nsidc-0032").glob("EASE*"))
    shot.make(order, granules_of(paths, installed, None))
    task = next(task for task in tasks if task.slot.product == PRODUCT)
    files = {
        name: [
            Fetched(entry, Path(asset.href) if (asset := asset_of(entry)) else None)  # library grids have no path
            for entry in entries
        ]
        for name, entries in task.inputs.items()
    }
    return task, files


def _floor(files: dict[str, list[Fetched]], made: Path, out: Path) -> Callable[[], None]:
    """Return what reads all inputs and writes all outputs, and does nothing else."""
    master = next(made.glob("*.nc"))
    with h5netcdf.File(master) as source:
        arrays = {name: variable[...] for name, variable in source.variables.items() if variable.ndim == 2}
    texts = {path.name: np.loadtxt(path, skiprows=6) for path in made.glob("*.txt")}
    headers = {path.name: "\n".join(path.read_text().splitlines()[:6]) for path in made.glob("*.txt")}
    with Image.open(next(made.glob("*.png"))) as opened:
        picture = opened.copy()
    documents = {path.name: path.read_bytes() for path in made.glob("*.json")}

    def floor() -> None:
        for entries in files.values():
            for fetched in entries:
                if fetched.path is None:
                    open_library(fetched.entry.granule.collection, CHINA_025)
                else:
                    with h5netcdf.File(fetched.path) as source:
                        for variable in source.variables.values():
                            variable[...]
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        with h5netcdf.File(out / master.name, "w") as target:
            target.dimensions = {"lat": 161, "lon": 321}
            for name, array in arrays.items():
                made = target.create_variable(
                    name, ("lat", "lon"), array.dtype, compression="gzip", compression_opts=4, shuffle=True
                )
                made[...] = array
        for name, values in texts.items():
            np.savetxt(out / name, values, fmt="%.2f", header=headers[name], comments="")
        picture.save(out / "quicklook.png", optimize=False)
        for name, body in documents.items():
            (out / name).write_bytes(body)

    return floor


def _best(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("ICESTREAM_GRANULES", Path(__file__).parents[2] / "shared" / "granules")
    parser.add_argument("--granules", type=Path, default=Path(default), help="directory of real granules")
    print(json.dumps(run(parser.parse_args().granules), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
