"""What radiometer and thermal infrared tell of frost in the Qinghai-Tibet Engineering Corridor, by the month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import month
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable
from icestream_freeze_thaw.corridor import CORRIDOR_001
from icestream_freeze_thaw.papers import WANG_2022, ZHAO_2011
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.grid import Grid

COLDEST, WARMEST = (constant(value, "K", source="of a land surface", certainty="design") for value in (150.0, 360.0))
LARGEST_ERROR = constant(
    3.0, "K", source="means of temperatures that may be further off are left out", certainty="design"
)
TILE = "h25v05"
"""Holds the whole corridor."""


def frost_indicators_qtec(
    cold: xr.Dataset | None, warm: xr.Dataset | None, lst: xr.Dataset | None, grid: Grid
) -> dict[str, NDArray[np.generic]]:
    """Return the share of a month's passes that found the ground frozen, and its mean surface temperature, K.

    cold, warm : `freeze_thaw` of the passes before dawn and after noon, 1 frozen, 0 thawed: its mean over the month
    lst : `lst_night` and `lst_day` with `lst_error_night` and `lst_error_day`, K, means over the clear days
    grid : of the corridor
    Each is None where nothing came. Raises Void where nothing was seen at all.
    """
    made: dict[str, NDArray[np.generic]] = {
        "frozen_share_night": _share(cold, grid),
        "frozen_share_day": _share(warm, grid),
        "lst_night": _reliable(lst, "night", grid),
        "lst_day": _reliable(lst, "day", grid),
    }
    if all(np.isnan(field).all() for field in made.values()):
        raise Void("neither radiometer nor thermal infrared saw the corridor")
    return made


def _share(passes: xr.Dataset | None, grid: Grid) -> NDArray[np.float32]:
    if passes is None:
        return np.full(grid.shape, np.nan, np.float32)
    return np.asarray(passes["freeze_thaw"].values, np.float32)


def _reliable(lst: xr.Dataset | None, half: str, grid: Grid) -> NDArray[np.float32]:
    if lst is None:
        return np.full(grid.shape, np.nan, np.float32)
    kelvin = np.array(lst[f"lst_{half}"].values, np.float32)
    kelvin[~(lst[f"lst_error_{half}"].values <= LARGEST_ERROR)] = np.nan
    return kelvin


def _of_passes(variant: str) -> Input:
    return Input(
        sources=(source("freeze-thaw-global-025"),),
        variant=variant,
        align=Align(combine="mean"),
        optional=True,
        patience=days(3),
    )


def _share_of(half: str) -> Variable:
    return Variable(unit="1", long_name=f"share of the passes at {half} that found the ground frozen", valid=(0, 1))


def _temperature(half: str) -> Variable:
    return Variable(
        unit="K",
        standard_name="surface_temperature",
        long_name=f"surface temperature of clear {half}s, mean of the month",
        valid=(float(COLDEST), float(WARMEST)),
    )


PRODUCT = Product(
    name="frost-indicators-qtec",
    version="1.0.0",
    title="Monthly signs of frost, Qinghai-Tibet corridor",
    summary="How often AMSR2 found the ground frozen in a month, and the mean surface temperature that MODIS saw, each "
    "for the passes of night and day.",
    family="freeze-thaw",
    inputs={
        "cold": _of_passes("cold"),
        "warm": _of_passes("warm"),
        "lst": Input(
            sources=(source("mod11a1", tiles=TILE), source("myd11a1", tiles=TILE)),
            tile="all",
            tiles_expected=(TILE,),
            align=Align(combine="mean"),
            optional=True,
            patience=days(8),
        ),
    },
    period=month(),
    kind=OnGrid(grid=CORRIDOR_001),
    writes={
        "frozen_share_night": _share_of("night"),
        "frozen_share_day": _share_of("day"),
        "lst_night": _temperature("night"),
        "lst_day": _temperature("day"),
    },
    references=(ZHAO_2011, WANG_2022),
    keywords=("freeze thaw", "surface temperature", "passive microwave", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="The share of passes stands for a likelihood; cells of 0.25 degree are not smoothed. Surface temperature "
    "is the mean over clear days alone, without correction for the clouds.",
    compute=frost_indicators_qtec,
)
