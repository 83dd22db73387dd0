"""Snow water equivalent of the Tibetan Plateau at 0.05 degree: depth times density, thin snow from its cover."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import geotiff
from icestream_core.grid import TIBET_005
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.slot import Slot
from icestream_core.variable import Flags, Variable
from icestream_physics.constant import constant
from icestream_physics.snow_cover_depletion import niu_yang_2007_inverse
from icestream_physics.snow_density import FIRST_DAY, LAST_DAY, SnowClass, sturm_2010
from icestream_physics.snow_depth import SHALLOW_LIMIT
from icestream_snow_depth.papers import NIU_YANG_2007, STURM_2010, YAN_2022

if TYPE_CHECKING:
    import xarray as xr

PLATEAU = "plateau"
PLATEAU_DENSITY = constant(
    180.0, "kg m-3", source="middle of 160 to 200 kg m-3, the range that is usual on the Plateau", certainty="unsure"
)
NO_DEPTH = constant(0.001, "m", source="less than a millimetre is no snow to passive microwave", certainty="design")
HEAVIEST = constant(3000.0, "kg m-2", source="5 m of the densest snow that the curves know", certainty="computed")

FROM_DEPTH, FROM_COVER, NO_SNOW, COVER_UNKNOWN, NO_DATA = 0, 1, 2, 3, 255


def swe_tibet_005(
    depth: xr.Dataset, cover: xr.Dataset | None, slot: Slot, density: str
) -> dict[str, NDArray[np.generic]]:
    """Return the snow water equivalent, kg m-2 (mm of water), and what it is from.

    depth : `snow_depth`, m
    cover : `snow_area_fraction` of the composite that the day lies in, 0 to 1; None, or NaN under cloud: unknown
    slot : tells the day of the season, on which some densities depend
    density : "plateau" for one density everywhere, or a class of Sturm et al. 2010 whose curve is taken

    Where there is no depth and yet some cover, the snow is thinner than passive microwave sees: its depth is the least
    that covers so much, and no more than 2.5 cm.
    """
    deep = depth["snow_depth"].values.astype(np.float64)
    covered = np.full(deep.shape, np.nan) if cover is None else cover["snow_area_fraction"].values.astype(np.float64)
    bare = deep < NO_DEPTH
    thin = bare & (covered > 0)
    least = np.minimum(niu_yang_2007_inverse(np.clip(covered, 0.0, 1.0), _density(deep, slot, density)), SHALLOW_LIMIT)
    whole = np.where(thin, least, deep)
    origin = np.full(deep.shape, FROM_DEPTH, np.uint8)
    origin[bare] = NO_SNOW
    origin[bare & np.isnan(covered)] = COVER_UNKNOWN
    origin[thin] = FROM_COVER
    origin[np.isnan(deep)] = NO_DATA
    return {
        "snow_water_equivalent": (whole * _density(whole, slot, density)).astype(np.float32),
        "origin": origin,
    }


def _density(depth: NDArray[np.float64], slot: Slot, name: str) -> NDArray[np.float64]:
    """Return the density, kg m-3; out of the season that of its first or last day."""
    if name == PLATEAU:
        return np.full(depth.shape, float(PLATEAU_DENSITY))
    today = slot.start.date()
    since_new_year = (today - date(today.year + (today.month >= 10), 1, 1)).days
    # No day is 0: the last of December is -1 and the first of January is 1.
    season_day = min(max(since_new_year + (since_new_year >= 0), FIRST_DAY), LAST_DAY)
    return sturm_2010(depth, season_day, SnowClass(name))


PRODUCT = Product(
    name="swe-tibet-005",
    version="1.0.0",
    title="Daily snow water equivalent of the Tibetan Plateau at 0.05 degree",
    summary="The snow depth of 0.05 degree times the density of snow, with thin snow that passive microwave misses "
    "taken from the share of the ground that snow covers.",
    family="snow-depth",
    datasets=("S12",),
    inputs={
        "depth": Input(sources=(source("snow-depth-tibet-005"),), patience=days(4)),
        "cover": Input(
            sources=(source("snow-cover-hma"),),
            tile="all",
            opens=False,
            optional=True,
            patience=days(20),
            align=Align(resampling="average", combine="mosaic"),
        ),
    },
    period=day(),
    kind=OnGrid(grid=TIBET_005),
    writes={
        "snow_water_equivalent": Variable(
            unit="kg m-2",
            standard_name="surface_snow_amount",
            long_name="snow water equivalent; 1 kg m-2 is 1 mm of water",
            valid=(0.0, HEAVIEST),
        ),
        "origin": Flags(
            long_name="what the snow water equivalent is from",
            meanings={
                FROM_DEPTH: "snow_depth",
                FROM_COVER: "least_depth_that_covers_so_much",
                NO_SNOW: "no_snow",
                COVER_UNKNOWN: "no_depth_and_cover_unknown",
                NO_DATA: "no_data",
            },
        ),
    },
    deliveries=(
        geotiff(
            "S12",
            "SWE_{period:%Y%j}.tif",
            "snow_water_equivalent",
            unit="kg m-2",
            nodata=-1,
            certainty="file name, extent and nodata are designed; 1 kg m-2 is the dataset's 1 mm",
        ),
    ),
    options={"density": PLATEAU},
    references=(YAN_2022, NIU_YANG_2007, STURM_2010),
    keywords=("snow water equivalent", "downscaling", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="The density: one for the whole Plateau, or a curve of Sturm et al. on request, for want of the dataset's "
    "map; the depletion curve, its exponent, and its limit of 2.5 cm. The cover is that of the 8-day composite.",
    compute=swe_tibet_005,
)
