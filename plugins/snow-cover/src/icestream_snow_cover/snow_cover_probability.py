"""How often snow lies in a cell at this time of the year: what a coarse snow depth is shared out by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.grid import TIBET_005
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import eight_day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable
from icestream_core.window import same_season
from icestream_snow_cover.papers import MUHAMMAD_THAPA_2020, YAN_2022

if TYPE_CHECKING:
    import xarray as xr


def snow_cover_probability(cover: xr.Dataset) -> dict[str, NDArray[np.generic]]:
    """Return the probability of snow cover, 0 to 1, and how many composites it rests on.

    cover : `snow_area_fraction`, 0 to 1, NaN under cloud, on dims (step, y, x): this and the neighbouring composites,
        of this year and of earlier ones

    The probability is the mean over composites of the snow-covered part of a cell's clear 500 m pixels.
    Raises Void where no composite has a clear cell.
    """
    fraction = cover["snow_area_fraction"].values
    composites = np.isfinite(fraction).sum(axis=0)
    if not composites.any():
        raise Void("no composite has a cell without cloud")
    total = np.nansum(fraction, axis=0, dtype=np.float64)
    probability = np.divide(total, composites, out=np.full(total.shape, np.nan), where=composites > 0)
    return {
        "snow_cover_probability": np.clip(probability, 0.0, 1.0).astype(np.float32),
        "composites": np.where(composites > 0, composites, np.nan).astype(np.float32),
    }


PRODUCT = Product(
    name="snow-cover-probability",
    version="1.0.0",
    title="Probability of snow cover at this time of the year, Tibetan Plateau, 0.05 degree",
    summary="The share of clear observations with snow, over the composites within eight days of this one in this and "
    "up to twenty earlier years.",
    family="snow-cover",
    inputs={
        "cover": Input(
            sources=(source("snow-cover-hma"),),
            tile="all",
            window=same_season(years=20, around=1),
            patience=days(21),
            align=Align(resampling="average", combine="mosaic"),
        ),
    },
    period=eight_day(),
    kind=OnGrid(grid=TIBET_005),
    writes={
        "snow_cover_probability": Variable(
            unit="1", long_name="probability of snow cover at this time of the year", valid=(0.0, 1.0)
        ),
        "composites": Variable(
            unit="1", long_name="number of composites with a clear view of the cell", valid=(1.0, 63.0)
        ),
    },
    references=(YAN_2022, MUHAMMAD_THAPA_2020),
    keywords=("snow cover", "climatology", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="The window (this and the neighbouring composites, twenty years back) and the mean over composites: the "
    "paper's text is not open.",
    compute=snow_cover_probability,
)
