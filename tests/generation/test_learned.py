"""What was fitted on the simulated world is not for use, and neither is what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from generation.samples import COLLECTIONS, SOFTWARE, granule, on_grid, stored, task
from icestream_core.grid import lonlat
from icestream_core.inputs import Input, source
from icestream_core.task import TaskInput
from icestream_generation.fetched import Fetched
from icestream_generation.generate import generate, write
from icestream_generation.provenance import Provenance, Publisher

SMALL = lonlat("small", 70.0, 40.0, 0.5, 8, 6)
LEVEL = np.full(SMALL.shape, 250.0, np.float32)


def fitted(out: Path, learned_from: str) -> Path:
    """Write a product with a set of parameters that was learned so, and return its file."""
    out.mkdir()
    inputs = {
        "field": Input(sources=(source("stored"),)),
        "lines": Input(sources=(source("sets"),), role="parameters"),
    }
    product = on_grid(SMALL, None, name="fitted", inputs=inputs)
    files = {
        "field": [stored(out.parent / f"{out.name}.npz", {"tb": LEVEL}, SMALL)],
        "lines": [Fetched(TaskInput(granule=granule("sets.1", "sets")))],
    }
    told = Provenance(
        product, task(product, files), files, COLLECTIONS, SOFTWARE, Publisher(), learned={"lines": learned_from}
    )
    write(told, {"field": LEVEL}, SMALL, out)
    return out / "fitted.20140201.nc"


def made_of(before: Path, name: str) -> Path:
    """Make a product of another one's file, and return its own."""
    collection = before.name.split(".")[0]
    product = on_grid(
        SMALL,
        lambda field: {"field": field["field"]},
        name=name,
        inputs={"field": Input(sources=(source(collection),))},
    )
    entry = TaskInput(granule=granule(before.stem, collection, source_format="icestream"))
    files = {"field": [Fetched(entry, before)]}
    out = before.parent.parent / f"{before.parent.name}-{name}"
    out.mkdir()
    generate(product, task(product, files), files, COLLECTIONS, out, SOFTWARE)
    return out / f"{name}.20140201.nc"


def test_what_is_made_of_what_is_not_for_use_says_so_however_far_down(tmp_path: Path) -> None:
    second = made_of(fitted(tmp_path / "simulated", "simulated"), "second")
    for path in (second, made_of(second, "third")):
        with xr.open_dataset(path) as data:
            told = "Not for use: made of what was fitted on the simulated world: lines of fitted."
            assert told in data.attrs["comment"]
            assert data.attrs["icestream_simulated"] == "lines of fitted"
        assert told in path.with_suffix(".stac.json").read_text()


def test_what_is_made_of_what_was_fitted_on_data_says_nothing_of_it(tmp_path: Path) -> None:
    with xr.open_dataset(made_of(fitted(tmp_path / "real", "data"), "second")) as data:
        assert "Not for use" not in data.attrs["comment"]
        assert "icestream_simulated" not in data.attrs
