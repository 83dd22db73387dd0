"""Freeze and thaw of the ground, the whole globe at 0.25 degree, by the discriminant function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import hdf5
from icestream_core.errors import Void
from icestream_core.inputs import Align, Input, hours, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_freeze_thaw.discriminants import FIT
from icestream_freeze_thaw.grids import GLOBE_025
from icestream_freeze_thaw.papers import ZHAO_2011, ZHAO_2017
from icestream_freeze_thaw.sensors import level_of
from icestream_physics.constant import constant
from icestream_physics.freeze_thaw import FREEZE_THAW_INDEX, zhao_2017

if TYPE_CHECKING:
    import xarray as xr

WATER_SHARE = constant(0.5, "1", source="more open water than this makes it a cell of water", certainty="design")
LARGEST = constant(
    60.0, "1", source="no ground comes near: 340 K at 18.7 GHz H over 100 K at 36.5 GHz V make 49", certainty="design"
)
OF_THE_PAPER = ("amsr-e", "amsr2")
"""Sensors whose channels the published index is for."""

THAWED, FROZEN, MISSING = 0, 1, 255
PUBLISHED, FITTED, WATER, NOT_SEEN = range(4)


def freeze_thaw_global_025(
    tb: xr.Dataset, land: xr.Dataset, discriminants: xr.Dataset | None
) -> dict[str, NDArray[np.generic]]:
    """Return the state of the ground, the index that it follows from, and what the index rests on.

    tb : `tb_19h` and `tb_37v`, K, one sensor, one pass
    land : `land_fraction`, 0 to 1
    discriminants : rows of `sensor`, `by_tb` (K-1), `by_quasi` and `offset`; None where nothing was fitted
    Raises Void where nothing was seen, or there is no discriminant for the sensor.
    """
    level = level_of(tb)
    plane, origin = _plane(level, discriminants)
    index = zhao_2017(tb["tb_19h"].values, tb["tb_37v"].values, plane).clip(-LARGEST, LARGEST)
    water = land["land_fraction"].values < 1.0 - WATER_SHARE
    detail = np.where(np.isnan(index), NOT_SEEN, origin).astype(np.uint8)
    detail[water] = WATER
    index[water] = np.nan
    if np.isnan(index).all():
        raise Void("no pass saw any land")
    state = np.where(index > 0, FROZEN, THAWED).astype(np.uint8)
    state[np.isnan(index)] = MISSING
    return {"freeze_thaw": state, "index": index.astype(np.float32), "detail": detail}


def _plane(sensor: str, discriminants: xr.Dataset | None) -> tuple[tuple[float, float, float], int]:
    """Return the plane for a sensor, and whether it is published or fitted."""
    fitted = [] if discriminants is None else [str(name) for name in discriminants["sensor"].values]
    if discriminants is not None and sensor in fitted:
        row = fitted.index(sensor)
        by_tb, by_quasi, offset = (float(discriminants[name].values[row]) for name in ("by_tb", "by_quasi", "offset"))
        return (by_tb, by_quasi, offset), FITTED
    if sensor in OF_THE_PAPER:
        return FREEZE_THAW_INDEX, PUBLISHED
    raise Void(
        f"the published discriminant is for {' and '.join(OF_THE_PAPER)}; for {sensor} none was fitted "
        f"(icestream fit freeze-thaw-global-025)"
    )


PRODUCT = Product(
    name="freeze-thaw-global-025",
    version="1.0.0",
    title="Global freeze and thaw of the ground at 0.25 degree",
    summary="Frozen or thawed at each pass of the day, by the discriminant function of the brightness temperature at "
    "37 GHz and of the quasi-emissivity, with the index that tells how clearly.",
    family="freeze-thaw",
    datasets=("S36",),
    inputs={
        "tb": Input(
            sources=(
                source("amsr2-l3-tb", needs="18 36", tiles="eq25 eq10"),
                source("cold-pass-tb", tiles="ml nl"),
            ),
            tile="any",
            patience=hours(18),
        ),
        "land": Input(sources=(source("library-land"),), role="ancillary", align=Align(resampling="average")),
        "discriminants": Input(
            sources=(source("freeze-thaw-discriminants"),),
            role="parameters",
            optional=True,
            align=Align(native=True),
        ),
    },
    period=day(),
    variants=("cold", "warm"),
    kind=OnGrid(grid=GLOBE_025),
    writes={
        "freeze_thaw": Flags(
            long_name="state of the ground", meanings={THAWED: "thawed", FROZEN: "frozen"}, fill=MISSING
        ),
        "index": Variable(unit="1", long_name="freeze/thaw index, above 0 where frozen", valid=(-LARGEST, LARGEST)),
        "detail": Flags(
            long_name="what the state rests on",
            meanings={
                PUBLISHED: "published_discriminant",
                FITTED: "fitted_discriminant",
                WATER: "open_water",
                NOT_SEEN: "not_seen_by_any_pass",
            },
        ),
    },
    deliveries=(
        hdf5(
            "S36",
            "{period:%Y%j}_{variant}_State25.h5",
            "freeze_thaw",
            unit="1",
            nodata=MISSING,
            dtype="uint8",
            certainty="after the pattern YYYYDOY_PP_StateRR of the 0.05 degree form; codes are designed",
        ),
    ),
    references=(ZHAO_2011, ZHAO_2017),
    keywords=("freeze thaw", "frozen ground", "passive microwave", "global"),
    fidelity="published-formula",
    designed="A cell with more than half of open water is water. Sensors other than AMSR-E and AMSR2 take a "
    "discriminant that was fitted for them, and none without. Ice sheets and glaciers are not told from frozen ground.",
    compute=freeze_thaw_global_025,
    fit=FIT,
)
