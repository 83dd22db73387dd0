"""Snow depth of China from the brightness-temperature difference between 19 and 37 GHz, where the snow is dry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import ascii_grid
from icestream_core.grid import CHINA_025, ease_ml_box
from icestream_core.inputs import Input, days, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_core.window import steps
from icestream_physics.constant import constant
from icestream_physics.snow_depth import SHALLOW_LIMIT, foster_1997_forest
from icestream_physics.snow_screening import SnowQuality
from icestream_snow_depth.dry_snow_depth import SCREENINGS, dry_snow_depth
from icestream_snow_depth.orbit_gaps import fill_gaps
from icestream_snow_depth.papers import CHE_2008, GRODY_BASIST_1996

if TYPE_CHECKING:
    import xarray as xr

DEEPEST = constant(1.0, "m", source="the source datasets range from 0 to 100 cm", certainty="secondary source")

THREE_RIVER_SOURCE = CHINA_025.cut("three-river-source", 89.15, 30.79, 102.58, 37.38)
EASE_CHINA = ease_ml_box("ease-ml-china", 60.0, 15.0, 140.0, 55.0)
ORDINARY, SHALLOW, LIMITED, NO_FOREST_TERM = range(4)


def snow_depth_china(
    tb: xr.Dataset, elevation: xr.Dataset, land: xr.Dataset, forest: xr.Dataset | None
) -> dict[str, NDArray[np.generic]]:
    """Return the snow depth, m, with its quality; orbit gaps are filled from the days around.

    tb : brightness temperature at reference level, K, on dims (step, y, x); step 0 is the day itself
    elevation : `elevation`, m
    land : `land_fraction`, 0 to 1
    forest : `forest_fraction`, 0 to 1; None, or NaN in a cell, where it is not known: no forest term, said in `detail`
    """
    daily = {int(step): dry_snow_depth(tb.sel(step=step), elevation, land) for step in tb["step"].values}
    depth, quality, screening = fill_gaps(daily)
    fraction = np.full(depth.shape, np.nan) if forest is None else forest["forest_fraction"].values
    depth = foster_1997_forest(depth, np.nan_to_num(fraction))
    detail = np.where(np.isnan(fraction), NO_FOREST_TERM, ORDINARY).astype(np.uint8)
    detail[(depth > 0) & (depth < SHALLOW_LIMIT)] = SHALLOW
    detail[depth > DEEPEST] = LIMITED
    return {
        "snow_depth": np.minimum(depth, DEEPEST).astype(np.float32),
        "quality": quality,
        "detail": detail,
        "screening": np.full(depth.shape, screening, dtype=np.uint8),
    }


PRODUCT = Product(
    name="snow-depth-china",
    version="1.0.0",
    title="Daily snow depth of China from passive microwave",
    summary="Snow depth from the 19 and 37 GHz brightness-temperature difference of the cold pass, screened for rain, "
    "desert, frozen ground, wet snow, ice sheets and the false snow of the Tibetan Plateau.",
    family="snow-depth",
    datasets=("S39", "S35"),
    inputs={
        "tb": Input(
            sources=(source("cold-pass-tb", tiles="ml nl eq25 eq10"),),
            variant="cold",
            tile="any",
            window=steps(-3, 3),
            patience=days(3.5),
            revise="closing",
        ),
        "elevation": Input(sources=(source("library-altitude"),), role="ancillary"),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
        "forest": Input(sources=(source("forest-fraction-025"),), role="ancillary", optional=True),
    },
    period=day(),
    kind=OnGrid(grid=CHINA_025),
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
                LIMITED: "limited_to_1_m",
                NO_FOREST_TERM: "without_forest_term",
            },
        ),
        "screening": Flags(
            long_name="tests for dry snow that the channels of the day allowed",
            meanings=SCREENINGS,
        ),
    },
    deliveries=(
        ascii_grid("S39", "{period:%Y%j}.txt", "snow_depth", unit="cm", nodata=-1),
        ascii_grid(
            "S39",
            "{period:%Y%j}.ease.txt",
            "snow_depth",
            name="s39-ease",
            unit="cm",
            nodata=-1,
            grid=EASE_CHINA,
            certainty="window and file name of the 25 km EASE form are designed",
        ),
        ascii_grid(
            "S35",
            "region_{period:%Y%j}.txt",
            "snow_depth",
            unit="cm",
            nodata=-1,
            grid=THREE_RIVER_SOURCE,
            certainty="header follows S39: the dataset's header.txt is not open",
        ),
    ),
    references=(CHE_2008, GRODY_BASIST_1996),
    keywords=("snow depth", "passive microwave", "China", "Tibetan Plateau"),
    fidelity="published-formula",
    designed="Filling of orbit gaps from three days on either side; the order of the screening's reasons; more than "
    "30 % of open water counts as water; deeper than 1 m is limited to it; no seasonal offsets (the authors' table is "
    "not open).",
    accuracy="The authors of the long-term series quote errors of about 6 cm (class of accuracy, unsure).",
    compute=snow_depth_china,
)
