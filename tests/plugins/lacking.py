"""What becomes of a product when something of its input is taken away."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from icestream_core.errors import Void
from icestream_core.grid import EASE_ML
from icestream_core.product import OnGrid
from icestream_core.variable import Flags
from icestream_generation.generate import compute
from icestream_generation.inputs import Gathered, open_inputs
from icestream_generation.product_contract import Case

Found = dict[str, np.ndarray]
NOTHING_KNOWN = ("not_seen", "outside", "no_data", "water", "desert")
"""Words that begin those codes which a cell may have that nobody saw."""


SEEN_BY_LIGHT = ("mod11a1", "myd11c1", "glass-albedo", "snow-cover-hma", "snow-cover-probability")
"""Collections of what a cloud hides, and most of which needs the sun besides."""


def observed(case: Case) -> str:
    """Return the input that the product is chiefly made of: the first of its triggers."""
    return next(name for name, entry in case.product.inputs.items() if entry.triggers)


def optical(case: Case) -> list[str]:
    """Return the inputs that came and that cloud or the polar night can blind."""
    return [
        name for name, files in case.files.items() if any(file.granule.collection in SEEN_BY_LIGHT for file in files)
    ]


def gathered_of(case: Case) -> Gathered:
    """Return the opened inputs; of a world of 25 km cells, a part of northern Asia is enough."""
    product = case.product
    if isinstance(product.kind, OnGrid) and product.kind.grid == EASE_ML:
        part = OnGrid(grid=EASE_ML.window("ease-ml-northern-asia", 900, 60, 200, 60))
        product = product.model_copy(update={"kind": part})
    return open_inputs(product, case.files, case.collections)


def computed(case: Case, gathered: Gathered) -> Found | None:
    """Return what the product makes of its inputs; None where that is void."""
    try:
        made: dict[str, Any] = compute(case.product, case.task, gathered)
    except Void:
        return None
    return {name: np.asarray(values) for name, values in made.items()}


def blanked(gathered: Gathered, name: str, variables: list[str]) -> Gathered:
    """Return the inputs with variables of one of them seen nowhere."""
    data: xr.Dataset = gathered.inputs[name]
    gone = {each: data[each].copy(data=np.full(data[each].shape, np.nan, np.float32)) for each in variables}
    return gathered._replace(inputs=gathered.inputs | {name: data.assign(gone)})


def known(case: Case, found: Found) -> dict[str, np.ndarray]:
    """Return by quantity, and for the chief variable if that is a class, where it has a value."""
    where = {}
    for place, (name, written) in enumerate(case.product.writes.items()):
        values = found[name]
        if not isinstance(written, Flags):
            where[name] = np.isfinite(values.astype(np.float64))
        elif place == 0:
            blind = [code for code, word in written.meanings.items() if word.startswith(NOTHING_KNOWN)]
            where[name] = ~np.isin(values, [*blind, *([] if written.fill is None else [written.fill])])
    return where


def flags(case: Case, found: Found) -> dict[str, np.ndarray]:
    """Return the classes that say how a value came about: all but the chief variable."""
    return {name: found[name] for name, written in list(case.product.writes.items())[1:] if isinstance(written, Flags)}
