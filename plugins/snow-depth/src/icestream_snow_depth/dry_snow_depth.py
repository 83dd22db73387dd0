"""Snow depth of one day where the snow is dry, and why there is none elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.snow_depth import che_2008_smmr, che_2008_ssmi
from icestream_physics.snow_screening import WATER_LIMIT, SnowQuality, ng_2002, screened_depth

if TYPE_CHECKING:
    import xarray as xr

FITTED_TRANSFER = 1
"""Code of `calibration` where cold-pass-tb brought every channel to the level of the reference sensor."""

ALL_TESTS, WITHOUT_22, WITHOUT_91, WITHOUT_22_AND_91 = range(4)


class DayDepth(NamedTuple):
    """What one day tells.

    depth : m, NaN where unknown
    quality : `SnowQuality`: why the depth is what it is
    screening : which of the 22 and 91 GHz channels the screening had to do without, for the whole day
    """

    depth: NDArray[np.float64]
    quality: NDArray[np.uint8]
    screening: int


def dry_snow_depth(tb: xr.Dataset, elevation: xr.Dataset, land: xr.Dataset) -> DayDepth:
    """Return what one day tells, without regard to forest and to other days.

    tb : brightness temperature, K, on (y, x); 22 and 91 GHz may be all NaN where the sensor lacks them
    elevation : `elevation`, m
    land : `land_fraction`, 0 to 1; where more than 0.3 is water there is no depth, seen or not
    """
    v22, v91, h91 = (_if_measured(tb[channel].values) for channel in ("tb_22v", "tb_91v", "tb_91h"))
    latitude, longitude = np.meshgrid(tb["lat"].values, tb["lon"].values, indexing="ij")
    water_fraction = 1.0 - land["land_fraction"].values
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
        water_fraction=water_fraction,
    ).quality
    quality[water_fraction > WATER_LIMIT] = SnowQuality.WATER
    lacks_91 = v91 is None or h91 is None
    return DayDepth(screened_depth(_che_2008(tb), quality), quality, (v22 is None) + 2 * lacks_91)


def _if_measured(tb: NDArray[np.float32]) -> NDArray[np.float32] | None:
    return tb if np.isfinite(tb).any() else None


def _che_2008(tb: xr.Dataset) -> NDArray[np.float64]:
    """SMMR has a slope of its own, unless it was brought to the level of the sensor that the other slope is for."""
    smmr = tb.attrs.get("sensor") == "smmr"
    own_level = smmr and not np.any(tb["calibration"].values == FITTED_TRANSFER)
    return (che_2008_smmr if own_level else che_2008_ssmi)(tb["tb_19h"].values, tb["tb_37h"].values)
