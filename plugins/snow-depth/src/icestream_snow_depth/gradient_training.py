"""What the dynamic gradient is learned from: stations, and the cells above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from icestream_core.fit import Fit, parameter_set
from icestream_core.grid import EASE_ML
from icestream_core.inputs import Align, Input, source
from icestream_core.slot import Slot
from icestream_snow_depth.dry_snow_depth import CHANNELS
from icestream_snow_depth.gradient_fields import LATITUDES, LONGITUDES, MONTHS
from icestream_snow_depth.learn_gradient import learn_gradient

if TYPE_CHECKING:
    import xarray as xr

PLACE = {"latitude": "degrees_north", "longitude": "degrees_east", "elevation": "m"}
ROWS = {"station": "", "month": "1", **PLACE, "depth": "m", **dict.fromkeys(CHANNELS, "K")}


def _whole(data: Any) -> None:
    shape = (MONTHS, LATITUDES.size, LONGITUDES.size)
    for name in ("slope", "intercept", "own"):
        if data[name].shape != shape:
            raise ValueError(f"{name} has the shape {data[name].shape}; wanted {shape}: month, latitude, longitude")
        if not np.isfinite(data[name].values).all():
            raise ValueError(f"{name} is missing somewhere; wanted coefficients all over the globe")


PARAMETERS = parameter_set(
    "snow-depth-global-parameters",
    "Fitted coefficients of the dynamic brightness-temperature gradient, by month and place",
    {"slope": "m K-1", "intercept": "m", "own": "1"},
    _whole,
    form="nc",
)


def sample_stations(
    tb: Sequence[xr.Dataset],
    stations: Sequence[xr.Dataset],
    slot: Slot,
    latitude: xr.DataArray,
    longitude: xr.DataArray,
) -> dict[str, np.ndarray]:
    """Return the pairs of one day: what a station measured, and the brightness temperatures of the cell it stands in.

    tb : brightness temperature at reference level, K; one dataset an alternative, the preferred first
    stations : `station`, `latitude`, `longitude` (degrees), `elevation` (m), `time`, `snow_depth` (m), all days
    latitude, longitude : of the cells, degrees; rows and columns of a cylindrical grid
    """
    today = np.datetime64(slot.start.date(), "D")
    here = [each.isel(row=np.flatnonzero(each["time"].values.astype("datetime64[D]") == today)) for each in stations]
    columns = {
        name: np.concatenate([each[of].values for each in here])
        for name, of in {"station": "station", "depth": "snow_depth", **{name: name for name in PLACE}}.items()
    }
    row = np.abs(columns["latitude"][:, None] - latitude.values[:, 0]).argmin(axis=1)
    column = np.abs((columns["longitude"][:, None] - longitude.values[0] + 180.0) % 360.0 - 180.0).argmin(axis=1)
    seen = {name: tb[0][name].values[row, column].astype(np.float64) for name in CHANNELS}
    for other in tb[1:]:
        gap = ~np.isfinite(seen["tb_19h"] + seen["tb_37h"])
        for name in CHANNELS:
            seen[name][gap] = other[name].values[row, column][gap]
    month = np.full(row.size, date.fromisoformat(str(today)).month, np.int32)
    columns |= {"month": month, **seen}
    pair = np.isfinite(columns["depth"] + seen["tb_19h"] + seen["tb_37h"])
    return {name: np.asarray(columns[name])[pair] for name in ROWS}


FIT = Fit(
    parameters="coefficients",
    inputs={
        "tb": Input(sources=(source("cold-pass-tb", tiles="ml nl sl eq25 eq10"),), variant="cold", tile="any"),
        "stations": Input(sources=(source("ghcn-daily"),), role="reference", align=Align(native=True)),
    },
    rows=ROWS,
    sample=sample_stations,
    learn=learn_gradient,
    grid=EASE_ML,
)
