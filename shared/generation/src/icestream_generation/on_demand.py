"""What a computation may ask for by name, beside its inputs and options: where and when it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr

from icestream_core.errors import ProductError
from icestream_core.grid import Grid
from icestream_core.slot import Slot
from icestream_generation.geolocation import cell_lonlat

OFFERED = ("latitude", "longitude", "grid", "slot")


def on_demand(asked: Iterable[str], slot: Slot, grid: Grid | None) -> dict[str, Any]:
    """Return what is asked for.

    latitude, longitude : of the cell centres, degrees, (y, x); worked out only for those who ask
    grid : the product's grid; slot : what is made
    Raises ProductError for another name: the function takes what its record does not give.
    """
    found: dict[str, Any] = {}
    for name in asked:
        match name:
            case "slot":
                found[name] = slot
            case "grid":
                found[name] = grid
            case "latitude" | "longitude" if grid is not None:
                found[name] = xr.DataArray(cell_lonlat(grid)[name == "latitude"], dims=("y", "x"))
            case _:
                raise ProductError(
                    f"the function of {slot.product} takes {name!r}, which is no input or option of its record, and "
                    f"none of {', '.join(OFFERED)}"
                )
    return found
