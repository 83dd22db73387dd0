"""When snow begins to melt in High Asia, a day of the year for each pass: early morning and afternoon apart."""

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
from icestream_physics.melt_onset import first_lasting, wet_by_rise
from icestream_physics.melt_thresholds import dry_statistics
from icestream_physics.snow_depth import che_2008_ssmi
from icestream_physics.snow_screening import WATER_LIMIT, ng_2002, screened_depth
from icestream_surface_melt.papers import RAMAGE_ISACKS_2002, SMITH_2017, XIONG_2017

if TYPE_CHECKING:
    import xarray as xr

HIGH_ASIA_025 = lonlat("high-asia-025", 65.0, 45.0, 0.25, 160, 80)
"""65 to 105 E, 25 to 45 N. Designed: the source dataset states no grid."""

YEAR_DAYS = 366
WINTER = slice(14, 59)
"""15 January to 28 February, days from the year's first."""
FIRST_DAY = 31
"""No onset before 1 February."""
SNOW_DAYS, FEWEST_SNOW_DAYS = 15, 3
"""Dry snow on so many of the days before an onset: one could be noise."""
FEWEST_WINTER_DAYS = constant(10.0, "1", source="fewer days of mid-winter are no reference", certainty="design")
LEAST_SNOW = constant(0.02, "m", source="less snow than this does not melt visibly", certainty="design")

FOUND, NOT_SO_FAR, NO_SNOW, NO_WINTER, WATER = range(5)


def melt_onset_high_asia(tb: xr.Dataset, elevation: xr.Dataset, land: xr.Dataset) -> dict[str, NDArray[np.generic]]:
    """Return the day of the year on which snow begins to melt, 1 to 366, and why there is none.

    tb : brightness temperature of one pass, K, of the year so far, on (granule, y, x) with its `time`
    elevation : `elevation`, m
    land : `land_fraction`, 0 to 1
    """
    date = tb["time"].values.astype("datetime64[D]")
    day = (date - date.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    v37 = np.full((YEAR_DAYS, *tb["tb_37v"].shape[1:]), np.nan, np.float32)
    v37[day] = tb["tb_37v"].values
    winter = dry_statistics(v37[WINTER])
    snowy = np.zeros(v37.shape, np.bool_)
    snowy[day] = _snow_lies(tb, elevation, land)
    # Wet snow hides itself from the test for dry snow: it must have lain within the days before.
    recent = np.zeros(v37.shape, np.int8)
    for back in range(1, SNOW_DAYS + 1):
        recent[back:] += snowy[:-back]
    onset = first_lasting(wet_by_rise(v37, winter.mean, winter.deviation) & (recent >= FEWEST_SNOW_DAYS), FIRST_DAY)
    status = np.where(onset >= 0, FOUND, NOT_SO_FAR).astype(np.uint8)
    status[(onset < 0) & (recent.max(axis=0) < FEWEST_SNOW_DAYS)] = NO_SNOW
    status[winter.days < FEWEST_WINTER_DAYS] = NO_WINTER
    status[land["land_fraction"].values < 1.0 - WATER_LIMIT] = WATER
    return {"onset": np.where(status == FOUND, onset + 1.0, np.nan), "status": status}


def _snow_lies(tb: xr.Dataset, elevation: xr.Dataset, land: xr.Dataset) -> NDArray[np.bool_]:
    """Return where dry snow of 2 cm is seen, by the screening and the slope of the snow-depth products."""
    v22, v91, h91 = (
        values if np.isfinite(values).any() else None
        for values in (tb[c].values for c in ("tb_22v", "tb_91v", "tb_91h"))
    )
    latitude, longitude = np.meshgrid(tb["lat"].values, tb["lon"].values, indexing="ij")
    quality = ng_2002(
        tb["tb_19v"].values,
        tb["tb_19h"].values,
        tb["tb_37v"].values,
        tb["tb_37h"].values,
        v22,
        v91,
        h91,
        elevation=elevation["elevation"].values,
        latitude=latitude,
        longitude=longitude,
        water_fraction=1.0 - land["land_fraction"].values,
    ).quality
    with np.errstate(invalid="ignore"):
        return screened_depth(che_2008_ssmi(tb["tb_19h"].values, tb["tb_37h"].values), quality) >= LEAST_SNOW


PRODUCT = Product(
    name="melt-onset-high-asia",
    version="1.0.0",
    title="Yearly onset of snow melt in High Asia, by pass",
    summary="The first day on which the 37 GHz brightness temperature of a pass stands well above its own winter's on "
    "three of five days, where snow lay. Made anew as the year goes on, and final when it is over.",
    family="surface-melt",
    datasets=("S29",),
    inputs={
        "tb": Input(
            sources=(source("cold-pass-tb", tiles="ml nl eq25 eq10"),),
            tile="any",
            align=Align(combine="stack"),
            patience=days(5),
        ),
        "elevation": Input(sources=(source("library-altitude"),), role="ancillary"),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
    },
    period=year(),
    variants=("cold", "warm"),
    kind=OnGrid(grid=HIGH_ASIA_025),
    writes={
        "onset": Variable(
            unit="1", long_name="day of the year on which snow begins to melt", valid=(1, 366), dtype="int16"
        ),
        "status": Flags(
            long_name="why there is an onset or none",
            meanings={
                FOUND: "onset_found",
                NOT_SO_FAR: "no_melt_so_far",
                NO_SNOW: "no_snow_before",
                NO_WINTER: "too_few_days_of_winter",
                WATER: "water",
            },
        ),
    },
    deliveries=(
        geotiff(
            "S29",
            "onset_{period:%Y}_{variant}.tif",
            "onset",
            unit="1",
            nodata=-9999,
            dtype="int16",
            certainty="grid, file name and nodata of a single year are designed; cold is the dataset's AM, warm its PM",
        ),
    ),
    references=(XIONG_2017, RAMAGE_ISACKS_2002, SMITH_2017),
    keywords=("snow melt", "onset", "passive microwave", "High Asia"),
    fidelity="inspired-by",
    designed="The rule: 10 K or 2.5 deviations above the pass's mean of 15 January to 28 February and above 246 K, on "
    "three of five days, after dry snow of 2 cm on three days of 15. The dataset's formula is not open; that it is one "
    "of a pass, and not of the difference of two, is seen from its files. Onsets by "
    "QuikSCAT, which the dataset has beside them, are another product's.",
    compute=melt_onset_high_asia,
)
