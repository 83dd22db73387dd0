"""When snow begins to melt in High Asia as QuikSCAT's radar saw it: wet snow sends back less than in winter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import geotiff
from icestream_core.grid import lonlat
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import year
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_physics.constant import constant
from icestream_physics.melt_onset import first_lasting
from icestream_physics.melt_thresholds import QUIKSCAT_DROP, steiner_tedesco_2014
from icestream_physics.snow_screening import WATER_LIMIT
from icestream_surface_melt.melt_onset_high_asia import FEWEST_WINTER_DAYS, FIRST_DAY, WINTER, YEAR_DAYS
from icestream_surface_melt.papers import STEINER_TEDESCO_2014, XIONG_2017

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

HIGH_ASIA_005 = lonlat("high-asia-005", 65.0, 45.0, 0.05, 800, 400)
"""65 to 105 E, 25 to 45 N, in cells about as large as the radar's. Designed: the source dataset states no grid."""

LONGEST_IMAGE_DAYS = 4
"""An image stands for the days from its first on until the next one begins, but for no more than it was taken on."""
LEAST_LAND = constant(
    1.0 - WATER_LIMIT, "1", source="ice on a lake melts too, and darkens as snow does", certainty="design"
)

FOUND, NOT_SO_FAR, NO_WINTER, WATER = range(4)


def melt_onset_quikscat(radar: xr.Dataset, land: xr.Dataset, slot: Slot, drop: float) -> dict[str, NDArray[np.generic]]:
    """Return the day of the year on which snow begins to melt, 1 to 366, and why there is none.

    radar : `sigma0_h`, backscatter of one pass, a share, of the images of the year so far, on (granule, y, x), their
        `time`
    land : `land_fraction`, 0 to 1
    slot : tells the year
    drop : below winter's mean, dB, from which on snow is wet
    """
    sigma0, of_day = _by_day(radar, slot.start.year)
    days_of = np.bincount(of_day[WINTER][of_day[WINTER] >= 0], minlength=len(sigma0)).astype(np.float32)
    seen = np.isfinite(sigma0)
    winter_days = np.tensordot(days_of, seen.astype(np.float32), 1)
    on_land = land["land_fraction"].values >= LEAST_LAND
    # A year of all cells is a great deal: those that nothing can be told of are left out.
    told = on_land & (winter_days >= FEWEST_WINTER_DAYS)
    cells = sigma0[:, told]
    winter = np.tensordot(days_of, np.where(seen[:, told], cells, np.float32(0.0)), 1) / winter_days[told]
    wet = np.zeros((YEAR_DAYS, cells.shape[1]), np.bool_)
    wet[of_day >= 0] = steiner_tedesco_2014(cells, winter, drop)[of_day[of_day >= 0]]
    onset = np.full(told.shape, -1, np.intp)
    onset[told] = first_lasting(wet, FIRST_DAY)
    status = np.where(onset >= 0, FOUND, NOT_SO_FAR).astype(np.uint8)
    status[winter_days < FEWEST_WINTER_DAYS] = NO_WINTER
    status[~on_land] = WATER
    return {"onset": np.where(status == FOUND, onset + 1.0, np.nan), "status": status}


def _by_day(radar: xr.Dataset, this_year: int) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
    """Return the images in the order of time, dB, and for each day of the year which one it is of; -1 for none."""
    date = radar["time"].values.astype("datetime64[D]")
    order = np.argsort(date, kind="stable")
    day = (date[order] - np.datetime64(f"{this_year}-01-01")).astype(np.int64)
    of_day = np.full(YEAR_DAYS, -1, np.intp)
    for place, begins in enumerate(day):
        # The next image, being later in this order, takes its days over.
        of_day[max(begins, 0) : max(begins + LONGEST_IMAGE_DAYS, 0)] = place
    power = radar["sigma0_h"].values[order]
    return 10.0 * np.log10(np.where(power > 0.0, power, np.float32(np.nan))), of_day


PRODUCT = Product(
    name="melt-onset-quikscat",
    version="1.0.0",
    title="Yearly onset of snow melt in High Asia by QuikSCAT, by pass",
    summary="The first day from which on the Ku-band backscatter of a pass stays 3 dB below that of its own winter, in "
    "the years 2000 to 2009.",
    family="surface-melt",
    datasets=("S29",),
    inputs={
        "radar": Input(
            sources=(source("quikscat", needs="h", tiles="chj-egg"),),
            tile="any",
            align=Align(combine="stack"),
            variables=("sigma0_h",),
            revise="closing",
            patience=days(8),
        ),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
    },
    period=year(),
    variants=("cold", "warm"),
    kind=OnGrid(grid=HIGH_ASIA_005),
    writes={
        "onset": Variable(
            unit="1", long_name="day of the year on which snow begins to melt", valid=(1, 366), dtype="int16"
        ),
        "status": Flags(
            long_name="why there is an onset or none",
            meanings={
                FOUND: "onset_found",
                NOT_SO_FAR: "no_melt_so_far_or_no_snow",
                NO_WINTER: "too_few_days_of_winter",
                WATER: "water",
            },
        ),
    },
    deliveries=(
        geotiff(
            "S29",
            "onset_quikscat_{period:%Y}_{variant}.tif",
            "onset",
            unit="1",
            nodata=-9999,
            dtype="int16",
            words={"cold": "am", "warm": "pm"},
            certainty="grid, file name and nodata are designed; cold is the dataset's AM, warm its PM",
        ),
    ),
    options={"drop": float(QUIKSCAT_DROP)},
    references=(XIONG_2017, STEINER_TEDESCO_2014),
    keywords=("snow melt", "onset", "scatterometer", "QuikSCAT", "High Asia"),
    fidelity="inspired-by",
    designed="The persistence (three of five days), the winter (mean of 15 January to 28 February), the grid, and that "
    "an image of four days stands for each of them. The drop of 3 dB is the usual one over ice sheets; the dataset's "
    "is not known. A radar alone does not tell whether there was snow: ground that thaws sends back more, not less.",
    compute=melt_onset_quikscat,
)
