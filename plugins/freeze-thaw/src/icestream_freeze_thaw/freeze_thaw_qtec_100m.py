"""Freeze and thaw of the ground along the Qinghai-Tibet Engineering Corridor, a month, 100 m, by radar direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import geotiff
from icestream_core.errors import Void
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import month
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_freeze_thaw.corridor import CORRIDOR_100M, cells_of, within
from icestream_freeze_thaw.frost_likelihood import signs
from icestream_freeze_thaw.papers import WANG_2022, ZHAO_2011, ZHOU_2022
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.grid import Grid
    from icestream_core.slot import Slot

MIDDLE = constant(0.5, "1", source="half way from winter to summer the radar speaks for neither", certainty="design")
THAWED, FROZEN, MISSING = 0, 1, 255
ALL_THREE, RADAR_AND_RADIOMETER, RADAR_AND_LST, RADAR_ALONE, NO_RADAR, OUTSIDE = range(6)


def freeze_thaw_qtec_100m(
    scaling: xr.Dataset,
    indicators: xr.Dataset | None,
    grid: Grid,
    latitude: xr.DataArray,
    longitude: xr.DataArray,
    slot: Slot,
    radar_weight: float,
    radiometer_weight: float,
    lst_weight: float,
) -> dict[str, NDArray[np.generic]]:
    """Return the state of the ground, how likely it is frozen, and what that rests on.

    scaling : `scaling` of the radar, 0 as in winter, 1 as in summer, mean over the tracks
    indicators : `frozen_share_night`, `frozen_share_day`, 1, and `lst_night`, `lst_day`, K, on their own grid of 0.01
        degree; None where none came
    grid : of the corridor
    latitude, longitude : of its cells, degrees
    slot : tells the direction of flight
    radar_weight, radiometer_weight, lst_weight : of the three in the logit
    Raises Void where no radar saw the corridor.
    Source: our own design, after the idea of Wang et al. 2022, doi:10.3390/rs14122854.
    """
    inside = within(grid)
    logit = np.float32(radar_weight) * (np.float32(MIDDLE) - scaling["scaling"].values[inside])
    seen = np.isfinite(logit)
    if not seen.any():
        raise Void("no radar saw the corridor")
    rests_on = np.full(logit.shape, RADAR_ALONE, np.uint8)
    if indicators is not None:
        there = cells_of(latitude.values[inside], longitude.values[inside])
        radiometer, surface = (sign[there] for sign in signs(indicators, slot.variant))
        known, warm = np.isfinite(radiometer), np.isfinite(surface)
        np.add(logit, np.float32(radiometer_weight) * radiometer, out=logit, where=known)
        np.add(logit, np.float32(lst_weight) * surface, out=logit, where=warm)
        rests_on[known], rests_on[warm], rests_on[known & warm] = RADAR_AND_RADIOMETER, RADAR_AND_LST, ALL_THREE
    rests_on[~seen] = NO_RADAR
    made: dict[str, NDArray[np.generic]] = {
        "freeze_thaw": np.full(grid.shape, MISSING, np.uint8),
        "likelihood": np.full(grid.shape, np.nan, np.float32),
        "detail": np.full(grid.shape, OUTSIDE, np.uint8),
    }
    made["freeze_thaw"][inside] = np.where(seen, logit > 0, MISSING)
    made["likelihood"][inside] = 1.0 / (1.0 + np.exp(-logit))
    made["detail"][inside] = rests_on
    return made


PRODUCT = Product(
    name="freeze-thaw-qtec-100m",
    version="1.0.0",
    title="Monthly freeze and thaw at 100 m, Qinghai-Tibet corridor",
    summary="Frozen or thawed in a month, for the ascending and the descending passes of Sentinel-1 apart: the "
    "seasonal scaling of its backscatter, weighed with what AMSR2 and MODIS say of the time of day.",
    family="freeze-thaw",
    datasets=("S13",),
    inputs={
        "scaling": Input(
            sources=(source("seasonal-scaling-qtec"),),
            tile="all",
            align=Align(resampling="average", combine="mean"),
            patience=days(6),
        ),
        "indicators": Input(
            sources=(source("frost-indicators-qtec"),),
            role="companion",
            variant="none",
            align=Align(native=True),
            optional=True,
            patience=days(12),
        ),
    },
    period=month(),
    variants=("ascending", "descending"),
    kind=OnGrid(grid=CORRIDOR_100M),
    writes={
        "freeze_thaw": Flags(
            long_name="state of the ground in the month", meanings={THAWED: "thawed", FROZEN: "frozen"}, fill=MISSING
        ),
        "likelihood": Variable(unit="1", long_name="likelihood that the ground is frozen", valid=(0, 1)),
        "detail": Flags(
            long_name="what the state rests on",
            meanings={
                ALL_THREE: "radar_radiometer_and_surface_temperature",
                RADAR_AND_RADIOMETER: "radar_and_radiometer",
                RADAR_AND_LST: "radar_and_surface_temperature",
                RADAR_ALONE: "radar_alone",
                NO_RADAR: "radar_tells_nothing",
                OUTSIDE: "outside_the_corridor",
            },
        ),
    },
    deliveries=(
        geotiff(
            "S13",
            "{period:%Y_%m}_{variant}_ft.tif",
            "freeze_thaw",
            unit="1",
            nodata=MISSING,
            dtype="uint8",
            words={"ascending": "A", "descending": "D"},
            certainty="codes and extent are designed: the dataset states neither",
        ),
    ),
    options={"radar_weight": 4.0, "radiometer_weight": 0.25, "lst_weight": 0.25},
    references=(WANG_2022, ZHOU_2022, ZHAO_2011),
    keywords=("freeze thaw", "frozen ground", "Sentinel-1", "Qinghai-Tibet Engineering Corridor", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="The formula, since the authors' is not open: a weighted sum of logits, with weights that were chosen on "
    "simulated months and not fitted to stations. Codes, extent (20 km on either side of highway 109, Golmud to "
    "Nagqu). Where the radar tells nothing there is no state.",
    accuracy="84.63 % ascending and 77.09 % descending at four meteorological stations; 78.58 % and 76.66 % against "
    "soil temperature at 5 cm near Nagqu.",
    compute=freeze_thaw_qtec_100m,
)
