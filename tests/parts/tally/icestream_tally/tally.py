"""Counts: one number a file. `tally-square` squares each, `tally-sum` adds the squares of a day up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from icestream_core.collection import Collection, Facts, Opened
from icestream_core.errors import GranuleError, Void
from icestream_core.granule import Granule
from icestream_core.grid import lonlat
from icestream_core.inputs import Align, Input, source
from icestream_core.period import day, granule
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable

if TYPE_CHECKING:
    import xarray as xr

CELLS = lonlat("tally-cells", 80.0, 40.0, 1.0, 4, 3)


def facts(fields, name="count"):
    start = fields["start"]
    return Facts(
        granule_id=f"{name}_{start:%Y%m%dT%H%M%S}_{fields['station']}",
        start=start,
        end=start + timedelta(seconds=1),
        platform="abacus",
        tile=fields["station"],
    )


def open_count(path: Path, granule: Granule) -> Opened:
    """A file holds one number and a newline; anything else is a bad granule."""
    import xarray as xr

    try:
        value = float(path.read_text("ascii"))
    except ValueError as error:
        raise GranuleError(f"{path.name} holds no number: {error}; wanted one number", granule.granule_id) from error
    cells = np.full(CELLS.shape, value, dtype=np.float32)
    return Opened(xr.Dataset({"count": (("y", "x"), cells, {"units": "1"})}), CELLS)


def square(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the square of the count."""
    return {"square": count["count"].values ** 2}


def add(squares: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the sum of the squares of a day."""
    values = squares["square"].values
    return {"sum": values.sum(axis=0) if values.ndim == 3 else values}


def nothing(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Do nothing, and say so."""
    raise Void("this product does nothing")


def counted(name: str, compute, written: str, collection: str = "count", **more) -> Product:
    """Return a product of one granule on the cells of `tally`."""
    given = {
        "inputs": {"count": Input(sources=(source(collection),))},
        "period": granule(),
        "tiled": True,
        **more,
    }
    return Product(
        name=name,
        version="1.0.0",
        title=f"Tally: {name}",
        summary="A product of the tests.",
        family="tally",
        kind=OnGrid(grid=CELLS),
        writes={written: Variable(unit="1", long_name=written, valid=(-1e30, 1e30))},
        fidelity="inspired-by",
        compute=compute,
        **given,
    )


COUNT = Collection(
    name="count",
    title="Counts of the tests",
    sensor="abacus",
    patterns=("count_{start:%Y%m%dT%H%M%S}_{station}.txt",),
    facts=facts,
    opener="icestream_tally.tally:open_count",
    media_type="text/plain",
)
SQUARE = counted("tally-square", square, "square")
SUM = counted(
    "tally-sum",
    add,
    "sum",
    inputs={
        "squares": Input(
            sources=(source("tally-square"),), tile="all", align=Align(combine="stack"), patience=timedelta(0)
        )
    },
    period=day(),
    tiled=False,
)
NOTHING = counted("tally-nothing", nothing, "nothing")
