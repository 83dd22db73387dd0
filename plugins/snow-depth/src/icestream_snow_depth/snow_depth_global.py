"""Snow depth of the globe by the dynamic gradient: coefficients that follow the place and the season."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import EASE_ML
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.slot import Slot
from icestream_core.variable import Flags, Variable
from icestream_core.window import steps
from icestream_physics.constant import constant
from icestream_physics.snow_depth import SHALLOW_LIMIT
from icestream_physics.snow_screening import WATER_LIMIT, SnowQuality
from icestream_snow_depth.dry_snow_depth import SCREENINGS
from icestream_snow_depth.global_deliveries import DELIVERIES
from icestream_snow_depth.gradient_depth import depth_of_days, land_cells
from icestream_snow_depth.gradient_fields import Gradient, gradient_on
from icestream_snow_depth.gradient_training import FIT
from icestream_snow_depth.papers import CHE_2008, DAI_2015, GRODY_BASIST_1996

if TYPE_CHECKING:
    import xarray as xr

DEEPEST = constant(3.0, "m", source="more than the steepest slope makes of 60 K", certainty="design")
OWN = constant(0.5, "1", source="less of the coefficients is of stations near by: said in `detail`", certainty="design")

ORDINARY, SHALLOW, LIMITED, FROM_ALL_STATIONS = range(4)


def snow_depth_global(
    tb: xr.Dataset,
    elevation: xr.Dataset,
    land: xr.Dataset,
    coefficients: xr.Dataset,
    slot: Slot,
    latitude: xr.DataArray,
    longitude: xr.DataArray,
) -> dict[str, NDArray[np.generic]]:
    """Return the snow depth, m, with its quality; orbit gaps are filled from the day before and the day after.

    tb : brightness temperature at reference level, K, on dims (step, y, x); step 0 is the day itself
    elevation : `elevation`, m
    land : `land_fraction`, 0 to 1
    coefficients : `slope` (m K-1), `intercept` (m) and `own` (0 to 1) by month, latitude and longitude
    latitude, longitude : of the cells, degrees
    """
    water = 1.0 - land["land_fraction"].values
    cells = land_cells(elevation["elevation"].values, water, latitude.values, longitude.values, WATER_LIMIT)
    fields = Gradient(*(coefficients[name].values.astype(np.float64) for name in Gradient._fields))
    gradient = gradient_on(fields, slot.start.date(), cells.latitude, cells.longitude)
    depth, quality, screening = depth_of_days(tb, cells, gradient)
    detail = np.where(gradient.own < OWN, FROM_ALL_STATIONS, ORDINARY).astype(np.uint8)
    detail[(depth > 0) & (depth < SHALLOW_LIMIT)] = SHALLOW
    detail[depth > DEEPEST] = LIMITED
    return {
        "snow_depth": cells.spread(np.minimum(depth, DEEPEST).astype(np.float32), water.shape, np.nan),
        "quality": cells.spread(quality, water.shape, SnowQuality.WATER),
        "detail": cells.spread(detail, water.shape, ORDINARY),
        "screening": np.full(water.shape, screening, dtype=np.uint8),
    }


PRODUCT = Product(
    name="snow-depth-global",
    version="1.0.0",
    title="Daily snow depth of the globe by the dynamic brightness-temperature gradient",
    summary="Snow depth from the 19 and 37 GHz brightness-temperature difference of the cold pass where the snow is "
    "dry, by coefficients that were fitted to stations and follow the place and the time of the season.",
    family="snow-depth",
    datasets=("S40", "S48"),
    inputs={
        "tb": Input(
            sources=(
                source("cold-pass-tb", tiles="ml"),
                source("cold-pass-tb", tiles="nl sl"),
                source("cold-pass-tb", tiles="eq25"),
                source("cold-pass-tb", tiles="eq10"),
            ),
            variant="cold",
            tile="all",
            window=steps(-1, 1),
            patience=days(1.5),
            revise="closing",
            align=Align(combine="mosaic"),
        ),
        "elevation": Input(sources=(source("library-altitude"),), role="ancillary"),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
        "coefficients": Input(
            sources=(source("snow-depth-global-parameters"),), role="parameters", align=Align(native=True)
        ),
    },
    period=day(),
    kind=OnGrid(grid=EASE_ML),
    writes={
        "snow_depth": Variable(
            unit="m", standard_name="surface_snow_thickness", long_name="snow depth", valid=(0.0, DEEPEST)
        ),
        "quality": Flags(
            long_name="why the cell has the depth it has",
            standard_name="quality_flag",
            meanings={int(code): code.name.lower() for code in SnowQuality},
        ),
        "detail": Flags(
            long_name="what else to know of the depth",
            meanings={
                ORDINARY: "ordinary",
                SHALLOW: "below_detection_limit_of_2_5_cm",
                LIMITED: "limited_to_3_m",
                FROM_ALL_STATIONS: "coefficients_of_all_stations",
            },
        ),
        "screening": Flags(long_name="tests for dry snow that the channels of the day allowed", meanings=SCREENINGS),
    },
    deliveries=DELIVERIES,
    references=(DAI_2015, CHE_2008, GRODY_BASIST_1996),
    keywords=("snow depth", "passive microwave", "EASE-Grid", "Eurasia"),
    fidelity="inspired-by",
    designed="All but the idea that the relation follows place and season: a robust line a station and month, inverse "
    "distance weighting without snow classes, the median of all stations where fewer than three are near, months "
    "interpolated to the day, the south's months shifted by six; orbit gaps filled from the days on either side.",
    accuracy="Relative deviation of the snow depth of Eurasia within 30 % (the source datasets' statement).",
    compute=snow_depth_global,
    fit=FIT,
)
