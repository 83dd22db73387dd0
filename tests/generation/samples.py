"""Small products, granules and openers that the tests of generation share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from icestream_core.collection import Collection, Facts, Opened
from icestream_core.delivery import ascii_grid, geotiff
from icestream_core.errors import GranuleError
from icestream_core.granule import Asset, Granule
from icestream_core.grid import CHINA_025, EASE_NL, Grid
from icestream_core.inputs import Align, Input, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product, Reference
from icestream_core.slot import Slot
from icestream_core.task import Task, TaskInput, inputs_hash
from icestream_core.variable import Flags, Variable
from icestream_generation.fetched import Fetched

DAY = datetime(2014, 2, 1, tzinfo=UTC)
SOFTWARE = {"icestream": "0.1.0", "numpy": "2"}
QUALITY = Flags(long_name="quality of the depth", meanings={0: "good", 1: "no_data"})


def granule(granule_id: str, collection: str, start: datetime = DAY, **fields: Any) -> Granule:
    """Return a granule of a day."""
    given = {
        "granule_id": granule_id,
        "checksum": f"sha256:{hashlib.sha256(granule_id.encode()).hexdigest()}",
        "collection": collection,
        "sensor": "ssmis",
        "platform": "F17",
        "start": start,
        "end": start + timedelta(days=1),
        "assets": (Asset(href=f"file:///{granule_id}", size=1, checksum="md5:0"),),
        "published_at": start,
        "received_at": start,
    }
    return Granule.model_validate(given | fields)


def task(product: Product, files: Mapping[str, Sequence[Fetched]], start: datetime = DAY, **fields: Any) -> Task:
    """Return the task that makes a product of a day from files."""
    interval = product.period.containing(start)
    assert interval is not None
    place = {key: fields.pop(key) for key in ("tile", "variant") if key in fields}
    inputs = {name: tuple(file.entry for file in given) for name, given in files.items()}
    slot = Slot(product=product.name, period=interval.label, start=interval.start, end=interval.end, **place)
    return Task(
        slot=slot,
        version=product.version,
        token="0" * 16,
        inputs_hash=inputs_hash(inputs, product.options),
        inputs=inputs,
        created_at=datetime(2014, 2, 2, 3, 4, 5, tzinfo=UTC),
        **fields,
    )


def stored(
    path: Path, fields: Mapping[str, np.ndarray], grid: Grid, units: Mapping[str, str] | None = None, **found: Any
) -> Fetched:
    """Return a granule of the collection `stored` with these fields, on disk."""
    np.savez(path, **fields)
    path.with_suffix(".json").write_text(json.dumps({"grid": grid.model_dump_json(), "units": dict(units or {})}))
    step = found.pop("step", 0)
    name = found.pop("collection", "stored")
    return Fetched(TaskInput(granule=granule(path.stem, name, **found), step=step), path)


def open_stored(path: Path, granule: Granule) -> Opened:
    """Open what `stored` has written."""
    facts = json.loads(path.with_suffix(".json").read_text())
    grid = Grid.model_validate_json(facts["grid"])
    with np.load(path) as found:
        fields = {name: (("y", "x"), found[name], {"units": facts["units"].get(name, "K")}) for name in found.files}
    return Opened(xr.Dataset(fields), grid)


def open_ease(path: Path, granule: Granule) -> Opened:
    """Open a brightness temperature of NSIDC-0032 on the northern EASE-Grid."""
    counts = np.fromfile(path, "<u2")
    if counts.size != EASE_NL.width * EASE_NL.height:
        raise GranuleError(f"{path.name} holds {counts.size} values; wanted 721 x 721")
    kelvin = np.where(counts == 0, np.nan, counts / 10).astype(np.float32).reshape(EASE_NL.shape)
    name = f"tb_{granule.part.lower()}"
    return Opened(xr.Dataset({name: (("y", "x"), kelvin, {"units": "K"})}), EASE_NL)


def _no_facts(_: Mapping[str, Any]) -> Facts | None:
    return None


STORED = Collection(
    name="stored",
    title="Arrays on disk",
    sensor="ssmis",
    patterns=("{name}.npz",),
    facts=_no_facts,
    opener="generation.samples:open_stored",
)
EASE = Collection(
    name="nsidc-0032",
    title="DMSP SSM/I-SSMIS Pathfinder Daily EASE-Grid Brightness Temperatures",
    sensor="ssmis",
    patterns=("EASE-{rest}",),
    facts=_no_facts,
    opener="generation.samples:open_ease",
    doi="10.5067/3EX2U1DV3434",
    licence="open with citation",
)
COLLECTIONS = {"stored": STORED, "nsidc-0032": EASE}


def depth(tb: xr.Dataset, slope: float) -> dict[str, Any]:
    """Return the depth of a linear brightness difference, m, and where there was none to take it of."""
    difference = tb["tb_19h"] - tb["tb_37h"]
    found = (difference * slope / 100).clip(0, 1)
    return {"snow_depth": found, "quality": np.isnan(found).astype(np.uint8)}


def china_depth(**fields: Any) -> Product:
    """Return a product of the real F17 files: depth on the grid of China with two deliveries."""
    given: dict[str, Any] = {
        "name": "sample-depth",
        "version": "1.0.0",
        "title": "Snow depth of China, a sample",
        "summary": "Depth from the brightness temperature difference at 19 and 37 GHz.",
        "family": "sample",
        "datasets": ("S39",),
        "inputs": {"tb": Input(sources=(source("nsidc-0032", needs="19H 37H"),))},
        "period": day(),
        "kind": OnGrid(grid=CHINA_025),
        "writes": {
            "snow_depth": Variable(
                unit="m", standard_name="surface_snow_thickness", long_name="snow depth", valid=(0, 1)
            ),
            "quality": QUALITY,
        },
        "deliveries": (
            ascii_grid("S39", "{period:%Y%j}.txt", "snow_depth", unit="cm", nodata=-1),
            geotiff("S35", "SD_{period:%Y%j}.tif", "snow_depth", unit="cm", nodata=-1),
        ),
        "references": (Reference(citation="Che et al. 2008, Annals of Glaciology", doi="10.3189/172756408787814690"),),
        "keywords": ("snow depth", "passive microwave"),
        "options": {"slope": 0.66},
        "fidelity": "published-formula",
        "designed": "The screening is left out.",
        "accuracy": "about 6 cm",
        "compute": depth,
    }
    return Product(**(given | fields))


def f17(granules: Path, product: Product) -> dict[str, list[Fetched]]:
    """Return the real descending F17 files of 2014-02-01 that a product's input `tb` reads."""
    parts = [part for given in product.inputs["tb"].sources for part in (*given.needs, *given.wants)]
    return {
        "tb": [
            Fetched(
                TaskInput(granule=granule(f"EASE-F17-NL2014032D-V2.{part}", "nsidc-0032", part=part)),
                granules / "nsidc-0032" / f"EASE-F17-NL2014032D-V2.{part}",
            )
            for part in parts
        ]
    }


def on_grid(grid: Grid, compute: Any, **fields: Any) -> Product:
    """Return a product of one input `field` from `stored` granules, on a grid."""
    align = fields.pop("align", Align())
    window = {"window": fields.pop("window")} if "window" in fields else {}
    given: dict[str, Any] = {
        "name": "sample-field",
        "inputs": {"field": Input(sources=(source("stored"),), align=align, **window)},
        "kind": OnGrid(grid=grid),
        "writes": {"field": Variable(unit="K", standard_name="surface_temperature", long_name="field", valid=(0, 400))},
        "deliveries": (),
        "options": {},
        "compute": compute,
    }
    return china_depth(**(given | fields))
