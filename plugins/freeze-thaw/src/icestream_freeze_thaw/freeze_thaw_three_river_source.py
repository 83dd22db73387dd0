"""Freeze and thaw of the Three-River source by the double index, or by a decision tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.delivery import geotiff
from icestream_core.errors import Void
from icestream_core.grid import EASE_ML
from icestream_core.inputs import Align, Input, hours, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags
from icestream_freeze_thaw.papers import JIN_2009, JIN_2015
from icestream_freeze_thaw.sensors import BANDS, level_of
from icestream_freeze_thaw.thresholds import FIT
from icestream_physics.constant import constant
from icestream_physics.freeze_thaw import Ground, grody_basist_1996_desert, jin_2009, jin_2015, spectral_gradient

if TYPE_CHECKING:
    import xarray as xr

THREE_RIVER_SOURCE = EASE_ML.window("ease-ml-three-river-source", 1034, 115, 52, 28)
WATER_SHARE = constant(0.5, "1", source="more open water than this makes it a cell of water", certainty="design")

ORDINARY, NOT_SEEN, PRECIPITATION, CHANNEL_MISSING = range(4)


def freeze_thaw_three_river_source(
    tb: xr.Dataset, land: xr.Dataset, thresholds: xr.Dataset, rule: str
) -> dict[str, NDArray[np.generic]]:
    """Return the state of the ground, and why there is none where there is none.

    tb : brightness temperature of cold-pass-tb, K, one sensor
    land : `land_fraction`, 0 to 1
    thresholds : rows of `sensor`, `coldest_thawed` (K) and `steepest_frozen` (K GHz-1)
    rule : "double-index", or "jin-2009" for the decision tree, which takes no thresholds
    Raises Void where no pass saw the region, or no thresholds were fitted for the sensor.
    """
    v19, h19, v37 = (tb[name].values for name in ("tb_19v", "tb_19h", "tb_37v"))
    seen = np.isfinite(v19 + h19 + v37)
    if not seen.any():
        raise Void("no pass saw the region")
    detail = np.where(seen, ORDINARY, NOT_SEEN).astype(np.uint8)
    if rule == "jin-2009":
        v22, v91 = tb["tb_22v"].values, tb["tb_91v"].values
        state = jin_2009(v19, h19, v22, v37, v91)
        detail[seen & np.isnan(v22 + v91)] = CHANNEL_MISSING
        detail[state == Ground.PRECIPITATION] = PRECIPITATION
        state[state == Ground.PRECIPITATION] = Ground.UNKNOWN
    elif rule == "double-index":
        level = level_of(tb)
        state = jin_2015(spectral_gradient(v19, v37, *BANDS[level]), v37, *_thresholds_of(level, thresholds))
        state[grody_basist_1996_desert(v19, h19, v37, tb["tb_91v"].values)] = Ground.DESERT
        state[~seen] = Ground.UNKNOWN
    else:
        raise ValueError(f"found the rule {rule!r}; wanted 'double-index' or 'jin-2009'")
    state[land["land_fraction"].values < 1.0 - WATER_SHARE] = Ground.WATER
    return {"freeze_thaw": state, "detail": detail}


def _thresholds_of(sensor: str, thresholds: xr.Dataset) -> tuple[float, float]:
    sensors = [str(name) for name in thresholds["sensor"].values]
    if sensor not in sensors:
        raise Void(f"no thresholds are fitted for {sensor}; there are some for {', '.join(sensors)}")
    row = sensors.index(sensor)
    return float(thresholds["coldest_thawed"].values[row]), float(thresholds["steepest_frozen"].values[row])


PRODUCT = Product(
    name="freeze-thaw-three-river-source",
    version="1.0.0",
    title="Daily freeze and thaw of the ground in the Three-River source",
    summary="Frozen, thawed, desert or water before dawn, from the brightness temperature at 37 GHz and its slope "
    "towards 19 GHz, each against a fitted threshold.",
    family="freeze-thaw",
    datasets=("S33",),
    inputs={
        "tb": Input(
            sources=(source("cold-pass-tb", tiles="ml nl eq25 eq10"),), variant="cold", tile="any", patience=hours(18)
        ),
        "land": Input(sources=(source("library-land"),), role="ancillary", align=Align(resampling="average")),
        "thresholds": Input(sources=(source("freeze-thaw-thresholds"),), role="parameters", align=Align(native=True)),
    },
    period=day(),
    kind=OnGrid(grid=THREE_RIVER_SOURCE),
    writes={
        "freeze_thaw": Flags(
            long_name="state of the ground before dawn",
            meanings={int(code): code.name.lower() for code in list(Ground)[1:5]},
            fill=int(Ground.UNKNOWN),
        ),
        "detail": Flags(
            long_name="what else to know of the state",
            meanings={
                ORDINARY: "ordinary",
                NOT_SEEN: "not_seen_by_any_pass",
                PRECIPITATION: "hidden_by_precipitation",
                CHANNEL_MISSING: "sensor_lacks_a_channel_of_the_rule",
            },
        ),
    },
    deliveries=(
        geotiff(
            "S33",
            "{period:%Y%j}.tif",
            "freeze_thaw",
            unit="1",
            nodata=0,
            dtype="uint8",
            certainty="the dataset states its bounds and not its transform: of this size, the window nearest to them",
        ),
    ),
    options={"rule": "double-index"},
    references=(JIN_2015, JIN_2009),
    keywords=("freeze thaw", "frozen ground", "passive microwave", "Three-River source", "Tibetan Plateau"),
    fidelity="published-method-refit",
    designed="Thresholds are fitted anew, one pair a sensor, for want of the authors'. Desert by brightness "
    "temperature, without a map. A cell with more than half of open water is water. Orbit gaps stay open. Where the "
    "tree finds precipitation the state is missing.",
    accuracy="Frozen, thawed and total accuracy each above 80 % at 273 stations (Jin et al. 2015); the tree 87 % "
    "against soil temperature at 4 cm (Jin et al. 2009).",
    compute=freeze_thaw_three_river_source,
    fit=FIT,
)
