"""The onset of snow melt in High Asia of all years up to one, the newest first: the dataset's am.tif and pm.tif."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from icestream_core.delivery import geotiff
from icestream_core.errors import Void
from icestream_core.inputs import Input, days, source
from icestream_core.period import year
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable
from icestream_core.window import steps
from icestream_surface_melt.melt_onset_high_asia import FOUND, HIGH_ASIA_025, NOT_SO_FAR
from icestream_surface_melt.papers import XIONG_2017

if TYPE_CHECKING:
    from icestream_core.slot import Slot

FIRST_YEAR = 1979
"""The dataset's last band of onsets."""
MOST_YEARS = 60
"""In one file, so that 1979 stays in it until 2038."""


def melt_onset_high_asia_years(onset: xr.Dataset, elevation: xr.Dataset, slot: Slot) -> dict[str, Any]:
    """Return the onset of each year from the slot's own back to the first, and the height of the ground.

    onset : `onset`, day of the year, and `status`, on (step, y, x), the slot's own year last; NaN where one is missing
    elevation : `elevation`, m
    slot : tells the year
    A year that is missing is a layer without values: each layer is where its year says.
    Raises Void where no year has anything.
    """
    newest = slot.start.year
    years = np.arange(newest, min(FIRST_YEAR, newest) - 1, -1)[: onset.sizes["step"]]
    by_year = onset.isel(step=slice(None, None, -1)).isel(step=slice(0, years.size))
    status = by_year["status"].values
    if np.isnan(status).all():
        raise Void("no year of onsets is there")
    snowy = np.isin(status, (FOUND, NOT_SO_FAR)).any(axis=0)
    height = elevation["elevation"].values
    return {
        "onset": xr.DataArray(by_year["onset"].values, {"year": years}, ("year", "y", "x")),
        "elevation": height,
        "elevation_of_snow": np.where(snowy, height, np.nan),
    }


def _height(long_name: str) -> Variable:
    return Variable(
        unit="m", standard_name="surface_altitude", long_name=long_name, valid=(-500.0, 9000.0), dtype="int16"
    )


PRODUCT = Product(
    name="melt-onset-high-asia-years",
    version="1.0.0",
    title="Onset of snow melt in High Asia, all years",
    summary="The yearly onsets of snow melt of one pass in one file, the newest year first, with the height of the "
    "ground behind them. Made anew as the newest year goes on.",
    family="surface-melt",
    datasets=("S29",),
    inputs={
        "onset": Input(
            sources=(source("melt-onset-high-asia"),),
            window=steps(1 - MOST_YEARS, 0),
            revise="closing",
            patience=days(8),
        ),
        "elevation": Input(sources=(source("library-altitude"),), role="ancillary"),
    },
    period=year(),
    variants=("cold", "warm"),
    kind=OnGrid(grid=HIGH_ASIA_025),
    writes={
        "onset": Variable(
            unit="1",
            long_name="day of the year on which snow begins to melt",
            valid=(1, 366),
            dtype="int16",
            along="year",
        ),
        "elevation": _height("height of the ground"),
        "elevation_of_snow": _height("height of the ground where snow lay in any year"),
    },
    deliveries=(
        geotiff(
            "S29",
            "{variant}.tif",
            "onset",
            unit="1",
            nodata=-9999,
            dtype="int16",
            words={"cold": "am", "warm": "pm"},
            behind=("elevation", "elevation_of_snow"),
            certainty="order of bands and file names are the dataset's; grid, nodata and a folder a year are designed",
        ),
    ),
    references=(XIONG_2017,),
    keywords=("snow melt", "onset", "passive microwave", "High Asia"),
    fidelity="inspired-by",
    designed="The files of each year hold the years up to it, back to 1979; one that is missing is an empty band. Cold "
    "is the dataset's AM, warm its PM. Where snow lay is told by the yearly products; heights are a coarse map.",
    compute=melt_onset_high_asia_years,
)
