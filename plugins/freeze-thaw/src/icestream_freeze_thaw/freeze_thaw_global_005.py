"""Freeze and thaw of the ground, the globe at 0.05 degree: the coarse index handed down by surface temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import hdf5
from icestream_core.errors import Void
from icestream_core.grid import Grid
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags
from icestream_freeze_thaw.grids import GLOBE_005
from icestream_freeze_thaw.lst_downscaling import by_strips
from icestream_freeze_thaw.papers import ZHAO_2011, ZHAO_2017
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

FACTOR = 5
"""Fine cells along the edge of a coarse one: 0.25 over 0.05 degree."""
LARGEST_ERROR = constant(3.0, "K", source="temperatures that may be further off are left out", certainty="design")

THAWED, FROZEN, MISSING = 0, 1, 255
DOWNSCALED, COARSE_UNDER_CLOUD, COARSE_WITHOUT_LST, NO_INDEX = range(4)


def freeze_thaw_global_005(coarse: xr.Dataset, lst: xr.Dataset | None, grid: Grid) -> dict[str, NDArray[np.generic]]:
    """Return the state of the ground on fine cells, and how it came about.

    coarse : `index` at 0.25 degree; above 0 where frozen
    lst : `lst_night` and `lst_error_night`, K; None where none came, NaN under cloud
    grid : the globe, or whole coarse cells of it
    Raises Void where there is no coarse index at all.
    """
    index = coarse["index"].values.astype(np.float64)
    if np.isnan(index).all():
        raise Void("there is no coarse index anywhere")
    temperature = np.full(grid.shape, np.nan, np.float32) if lst is None else _reliable(lst)
    state, detail = np.empty(grid.shape, np.uint8), np.empty(grid.shape, np.uint8)
    coarse_alone = np.uint8(COARSE_WITHOUT_LST if lst is None else COARSE_UNDER_CLOUD)
    for rows, (fine, downscaled) in by_strips(index, temperature, FACTOR, wraps=grid.width * grid.cell[0] > 359.0):
        known = np.isfinite(fine)
        state[rows] = np.where(known, fine > 0, np.uint8(MISSING))  # true is FROZEN, false is THAWED
        detail[rows] = np.where(known, np.where(downscaled, np.uint8(DOWNSCALED), coarse_alone), np.uint8(NO_INDEX))
    return {"freeze_thaw": state, "detail": detail}


def _reliable(lst: xr.Dataset) -> NDArray[np.floating]:
    kelvin = lst["lst_night"].values
    return np.asarray(np.where(lst["lst_error_night"].values <= LARGEST_ERROR, kelvin, kelvin.dtype.type(np.nan)))


PRODUCT = Product(
    name="freeze-thaw-global-005",
    version="1.0.0",
    title="Global freeze and thaw of the ground at 0.05 degree",
    summary="Frozen or thawed at night: the discriminant index of 0.25 degree, told apart on fine cells by the surface "
    "temperature that MODIS sees in the same night, so that the mean of the index is kept.",
    family="freeze-thaw",
    datasets=("S36",),
    inputs={
        "coarse": Input(
            sources=(source("freeze-thaw-global-025"),),
            variant="cold",
            align=Align(native=True),
            variables=("index",),
            patience=days(2),
        ),
        "lst": Input(
            sources=(source("myd11c1"),),
            opens=False,
            variables=("lst_night", "lst_error_night"),
            optional=True,
            patience=days(4),
        ),
    },
    period=day(),
    kind=OnGrid(grid=GLOBE_005),
    writes={
        "freeze_thaw": Flags(
            long_name="state of the ground at night", meanings={THAWED: "thawed", FROZEN: "frozen"}, fill=MISSING
        ),
        "detail": Flags(
            long_name="how the state came about",
            meanings={
                DOWNSCALED: "told_by_surface_temperature",
                COARSE_UNDER_CLOUD: "coarse_state_under_cloud",
                COARSE_WITHOUT_LST: "coarse_state_without_surface_temperature",
                NO_INDEX: "no_coarse_index",
            },
        ),
    },
    deliveries=(
        hdf5(
            "S36",
            "{period:%Y%j}_FT_State05.h5",
            "freeze_thaw",
            unit="1",
            nodata=MISSING,
            dtype="uint8",
            certainty="codes are designed, and so are the names within the file: the dataset states neither",
        ),
    ),
    references=(ZHAO_2017, ZHAO_2011),
    keywords=("freeze thaw", "frozen ground", "downscaling", "surface temperature", "global"),
    fidelity="inspired-by",
    designed="The formula: slope of index over temperature in 5 x 5 coarse cells, drawn towards the slope of the "
    "published index; residual kept; under cloud the coarse index. The state is that of the night pass, at 01:30.",
    accuracy="83.78 % at stations of a newer record of this kind (Feng et al. 2025).",
    memory_limit=6 * 2**30,
    compute=freeze_thaw_global_005,
)
