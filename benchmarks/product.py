"""Each product of one day, beside reading its inputs and writing its outputs alone.

    .venv/bin/python benchmarks/product.py [--granules DIR] [PRODUCT]...

The floor reads the same files into arrays (by the same openers, each once, and puts them on no grid) and writes the
same arrays with the same encodings (h5netcdf, numpy.savetxt, rasterio, h5py, Pillow) and the same small JSON files.
Both in one warm process, the best of several rounds. A product needs a line in recipes.py. With a
directory of real granules, those that can be made of them are measured on a real day besides.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import h5netcdf
import h5py
import numpy as np
import rasterio
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from recipes import REAL, RECIPES

from icestream_cli.fit import Found, simulated_rows, write_set
from icestream_cli.one_shot import OneShot, needed_for
from icestream_core import plugins
from icestream_core.product import OnGrid, Product
from icestream_core.task import Task
from icestream_generation.fetched import Fetched
from icestream_generation.generate import generate
from icestream_generation.opened import open_fetched
from icestream_runtime.metrics import Metrics
from icestream_runtime.storage import Storage
from icestream_simulator.training import TRAINING
from icestream_simulator.truth import Truth
from icestream_watcher.announce import announceable
from icestream_worker.children import InlineChildren
from icestream_worker.handle import Handler, asset_of

ROUNDS = 5
SEED = 3


class Measured(NamedTuple):
    """Seconds of a product and of its floor, by step where it is the product's."""

    product_s: float
    floor_s: float
    steps: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return self.product_s / self.floor_s


def run(names: Sequence[str] = (), granules: Path | None = None) -> dict[str, Measured]:
    """Measure products, all that have a recipe where none is named; some on real granules too, where there are any."""
    installed = plugins.load()
    truth = Truth(SEED)
    found = {}
    for name in names or RECIPES:
        found[name] = _made_of(installed, name, lambda out, of=name: [f for s in RECIPES[of] for f in s(out, truth)])
        if granules is not None and name in REAL:
            real = sorted(granules.glob(REAL[name]))
            if not real:
                raise FileNotFoundError(f"{granules} has no {REAL[name]}")
            found[f"{name}, a real day"] = _made_of(installed, name, lambda _, real=real: real)
    return found


def _made_of(installed: plugins.Plugins, name: str, source: Callable[[Path], Sequence[Path]]) -> Measured:
    product = installed.product(name)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        observed = root / "observed"
        observed.mkdir()
        return _measured(installed, product, _task(installed, product, root, source(observed)), root)


def _measured(installed: plugins.Plugins, product: Product, task: Task, root: Path) -> Measured:
    files = {
        name: [
            Fetched(entry, Path(asset.href) if (asset := asset_of(entry)) else None)  # library grids have no path
            for entry in entries
        ]
        for name, entries in task.inputs.items()
    }
    made, steps = root / "made", {}

    def make() -> None:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        steps.update(generate(product, task, files, installed.collections, made, {}).seconds)

    make()
    floor = _floor(installed, product, files, made, root / "floor")
    floor()
    return Measured(_best(make), _best(floor), {step: round(seconds, 3) for step, seconds in steps.items()})


def _task(installed: plugins.Plugins, product: Product, root: Path, observed: Sequence[Path]) -> Task:
    """Let the stream make the day once, and return the task that the product had; the one with most inputs."""
    sets, paths = root / "sets", list(observed)
    sets.mkdir()
    order = needed_for(product, installed.products)
    for needed in order:
        if needed.fit is not None and not needed.inputs[needed.fit.parameters].optional and needed.name in TRAINING:
            rows = simulated_rows(needed, needed.fit, SEED, lambda *_: None)
            learned = needed.fit.learn(rows.rows, SEED)
            paths.append(write_set(installed, needed, needed.fit, learned, Found("simulated", rows), sets, SEED))
    tasks: list[Task] = []

    class Remembering(Handler):
        def handle(self, task: Task):
            tasks.append(task)
            return super().handle(task)

    collections = list(installed.collections.values())
    granules = [granule for path in paths if (granule := announceable(path, collections)) is not None]
    handler = Remembering(
        {each.name: each for each in order}, Storage(root / "out"), InlineChildren(installed), Metrics()
    )
    with closing(OneShot(handler, Storage(root / "out"))) as shot:
        shot.make(order, granules)
    return max(
        (task for task in tasks if task.slot.product == product.name),
        key=lambda task: sum(len(entries) for entries in task.inputs.values()),
    )


def _floor(
    installed: plugins.Plugins, product: Product, files: Mapping[str, Sequence[Fetched]], made: Path, out: Path
) -> Callable[[], None]:
    """Return what reads all inputs and writes all outputs, and does nothing else."""
    grid = product.kind.grid if isinstance(product.kind, OnGrid) else None
    # What two inputs read the same way need be read but once.
    reads = {}
    for name, entries in files.items():
        entry = product.inputs[name]
        target, how = None if entry.align.native else grid, (entry.align.resampling, entry.variables)
        reads |= {
            (fetched.path, fetched.granule.granule_id, target, how): (fetched, target, *how) for fetched in entries
        }
    writers = [_writer(path, out) for path in sorted(made.iterdir())]

    def floor() -> None:
        for fetched, target, resampling, variables in reads.values():
            open_fetched(fetched, installed.collections, target, resampling, variables)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for write in writers:
            write()

    return floor


def _writer(path: Path, out: Path) -> Callable[[], object]:
    """Return what writes the values of a made file again, by the library of its form alone."""
    match path.suffix:
        case ".nc":
            return _netcdf(path, out)
        case ".txt" | ".asc":
            values, head = np.loadtxt(path, skiprows=6), "\n".join(path.read_text().splitlines()[:6])
            return lambda: np.savetxt(out / path.name, values, fmt="%.2f", header=head, comments="")
        case ".tif":
            return _geotiff(path, out)
        case ".png":
            with Image.open(path) as opened:
                picture = opened.copy()
            return lambda: picture.save(out / path.name, optimize=False)
        case ".h5":
            return _hdf5(path, out)
        case _:
            body = path.read_bytes()
            return lambda: (out / path.name).write_bytes(body)


def _netcdf(path: Path, out: Path) -> Callable[[], None]:
    with h5netcdf.File(path) as source:
        arrays = {
            name: (variable.dimensions, variable[...]) for name, variable in source.variables.items() if variable.ndim
        }
        sizes = {name: dimension.size for name, dimension in source.dimensions.items()}

    def write() -> None:
        with h5netcdf.File(out / path.name, "w") as target:
            target.dimensions = sizes
            for name, (dimensions, values) in arrays.items():
                packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if values.ndim > 1 else {}
                target.create_variable(name, dimensions, values.dtype, data=values, **packed)

    return write


def _geotiff(path: Path, out: Path) -> Callable[[], None]:
    with rasterio.open(path) as source:
        profile, values = source.profile, source.read()

    def write() -> None:
        with rasterio.open(out / path.name, "w", **profile) as target:
            target.write(values)

    return write


def _hdf5(path: Path, out: Path) -> Callable[[], None]:
    arrays: dict[str, np.ndarray] = {}
    with h5py.File(path) as source:
        source.visititems(
            lambda name, item: arrays.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None
        )

    def write() -> None:
        with h5py.File(out / path.name, "w") as target:
            for name, values in arrays.items():
                packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if values.ndim > 1 else {}
                target.create_dataset(name, data=values, **packed)

    return write


def _best(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", nargs="*", metavar="PRODUCT", help="all that have a recipe where none is named")
    parser.add_argument("--granules", type=Path, metavar="DIR", help="a directory of real granules")
    given = parser.parse_args()
    measured = run(given.products, given.granules)
    print(json.dumps({name: each._asdict() | {"ratio": each.ratio} for name, each in measured.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
