"""Corpus: one right file of each form that a reader opens, simulated, or real where there is one."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from generation import test_features, test_tables
from generation.samples import on_grid
from icestream_core.collection import Collection, recognise
from icestream_core.fit import Fitted, parameter_filename
from icestream_core.plugins import load
from icestream_readers.ground_temperature import COLUMNS, STATION
from icestream_readers.parameters_file import write_nc, write_toml
from icestream_simulator.simulate import COLLECTIONS, simulate
from icestream_simulator.truth import Truth
from icestream_simulator.write_sentinel1_grd import Scene, write_scene

PARAMETERS = "icestream_readers.parameters_file:"
MORNING = datetime(2026, 1, 1, 6, tzinfo=UTC)
DAY = date(2014, 2, 1)
NUMBERS: dict[str, list[Any]] = {"": ["ssmis", "amsr2"], "K-1": [-0.5, -0.6], "K": [251.0, 252.5]}
"""Of two rows of parameters, by unit."""
SCENE = Scene(date(2020, 10, 20), 31.5, 92.0, "descending", 150)
GIVEN: dict[str, dict[str, Any]] = {
    "nsidc-0071": {"start": date(1985, 2, 2), "end": date(1985, 2, 2)},
    "quikscat": {"start": date(2007, 7, 1), "end": date(2007, 7, 1), "grid": "Grn"},
    "myd11c1": {"box": (90, 30, 91, 31)},
}
"""What the simulation of a collection is given besides the day."""


def corpus(place: Path, granules: Path | None = None) -> dict[str, bytes]:
    """Return a file of each collection and of each form of our own, by name; `place` is an empty directory."""
    paths = [*simulated(place, Truth(0)), *fitted(place), *ours(place)]
    paths += real(granules) if granules is not None else []
    files = {path.name: path.read_bytes() for path in paths}
    # Unpacked: behind gzip's checksum few mutations would ever reach the reader.
    return {
        name.removesuffix(".gz"): gzip.decompress(body) if name.endswith(".gz") else body
        for name, body in files.items()
    }


def simulated(place: Path, truth: Truth) -> list[Path]:
    """Return one file of each collection that is simulated, and of what is written by hand."""
    paths = [write_scene(place, truth, SCENE)]
    for collection in COLLECTIONS:
        if collection != "sentinel1-grd":
            days = {"start": DAY, "end": DAY, "passes": ["A"], "tiles": ["h25v05"]} | GIVEN.get(collection, {})
            paths += simulate(collection, days.pop("start"), days.pop("end"), place, truth=truth, **days)[:1]
    stations = place / f"ground-temperature.{DAY:%Y%m%d}.csv"
    rows = "".join(f"S{number},{30 + number},{90 + number},{270.5 + number}\n" for number in range(8))
    stations.write_text(f"{','.join((STATION, *COLUMNS))}\n{rows}", encoding="utf-8")
    return [*paths, stations]


def fitted(place: Path) -> list[Path]:
    """Return a set of parameters of each collection of them, of made-up numbers: rows in TOML, fields in NetCDF."""
    found = []
    for collection in load().collections.values():
        if not collection.opener.startswith(PARAMETERS):
            continue
        path = place / parameter_filename(collection, MORNING)
        if path.suffix == ".nc":
            field = (("month", "latitude", "longitude"), np.full((12, 90, 180), 0.5, np.float32))
            write_nc(path, Fitted(xr.Dataset(dict.fromkeys(collection.columns, field)), {}), collection.columns, {})
        else:
            rows = {name: NUMBERS.get(unit, [0.5, 0.6]) for name, unit in collection.columns.items()}
            write_toml(path, Fitted(rows, {"accuracy": 0.9}), collection.columns, {"seed": 1})
        found.append(path)
    return found


def ours(place: Path) -> list[Path]:
    """Return what products write and others read: a raster, a table, outlines."""
    field = {"field": xr.DataArray(np.full(test_tables.SMALL.shape, 270.0, np.float32), dims=("y", "x"))}
    products = {
        "raster.nc": on_grid(test_tables.SMALL, lambda **_: field),
        "table.nc": test_tables.table(test_tables.ROWS),
        "outlines.gpkg": test_features.outlines(),
    }
    found = []
    for name, product in products.items():
        directory = place / f"making-{name}"
        directory.mkdir()
        (made,) = test_tables.make(directory, product).glob(f"sample-field.20140201{Path(name).suffix}")
        found.append(made.rename(place / name))
    return found


def real(granules: Path) -> list[Path]:
    """Return a real file of each collection that there is one of."""
    found: dict[str, Path] = {}
    collections: Sequence[Collection] = list(load().collections.values())
    for path in sorted(path for path in granules.rglob("*") if path.is_file()):
        recognised = recognise(path.name, collections)
        if recognised is not None:
            found.setdefault(recognised[0].name, path)
    return list(found.values())
