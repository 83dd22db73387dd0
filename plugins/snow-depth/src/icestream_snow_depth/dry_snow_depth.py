"""Snow depth of one day where the snow is dry, and why there is none elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.snow_depth import che_2008_smmr, che_2008_ssmi
from icestream_physics.snow_screening import WATER_LIMIT, SnowQuality, ng_2002, screened_depth

if TYPE_CHECKING:
    import xarray as xr

FITTED_TRANSFER = 1
"""Code of `calibration` where cold-pass-tb brought every channel to the level of the reference sensor."""

CHANNELS = ("tb_19h", "tb_19v", "tb_22v", "tb_37h", "tb_37v", "tb_91h", "tb_91v")
"""What the screening looks at."""

ALL_TESTS, WITHOUT_22, WITHOUT_91, WITHOUT_22_AND_91 = range(4)

SCREENINGS = {
    ALL_TESTS: "all_tests",
    WITHOUT_22: "without_22_ghz",
    WITHOUT_91: "without_91_ghz",
    WITHOUT_22_AND_91: "without_22_and_91_ghz",
}
"""Which tests for dry snow the channels of the day allowed."""


class DayDepth(NamedTuple):
    """What one day tells.

    depth : m, NaN where unknown
    quality : `SnowQuality`: why the depth is what it is
    screening : which of the 22 and 91 GHz channels the screening had to do without, for the whole day
    """

    depth: NDArray[np.float64]
    quality: NDArray[np.uint8]
    screening: int


class DaySnow(NamedTuple):
    """Where dry snow lies on one day: `SnowQuality`, and the screening as of `DayDepth`."""

    quality: NDArray[np.uint8]
    screening: int


def dry_snow_depth(tb: xr.Dataset, elevation: xr.Dataset, land: xr.Dataset) -> DayDepth:
    """Return what one day tells, without regard to forest and to other days.

    tb : brightness temperature, K, on (y, x); 22 and 91 GHz may be all NaN where the sensor lacks them
    elevation : `elevation`, m
    land : `land_fraction`, 0 to 1; where more than 0.3 is water there is no depth, seen or not
    """
    latitude, longitude = np.meshgrid(tb["lat"].values, tb["lon"].values, indexing="ij")
    water_fraction = 1.0 - land["land_fraction"].values
    channels = {name: tb[name].values for name in CHANNELS}
    quality, screening = dry_snow(channels, elevation["elevation"].values, water_fraction, latitude, longitude)
    quality[water_fraction > WATER_LIMIT] = SnowQuality.WATER
    return DayDepth(screened_depth(_che_2008(tb), quality), quality, screening)


def dry_snow(
    tb: Mapping[str, NDArray[np.floating]],
    elevation: NDArray[np.floating],
    water_fraction: NDArray[np.floating],
    latitude: NDArray[np.floating],
    longitude: NDArray[np.floating],
) -> DaySnow:
    """Return where dry snow lies, by the operational tree of 2002. Arrays of one shape, that of the channels.

    tb : brightness temperature by channel, K; 22 and 91 GHz may be all NaN where the sensor lacks them
    elevation : m
    water_fraction : 0 to 1
    latitude, longitude : degrees
    """
    v22, v91, h91 = (_if_measured(tb[channel]) for channel in ("tb_22v", "tb_91v", "tb_91h"))
    quality = ng_2002(
        tb["tb_19v"],
        tb["tb_19h"],
        tb["tb_37v"],
        tb["tb_37h"],
        v22,
        v91,
        h91,
        elevation=elevation,
        latitude=latitude,
        longitude=longitude,
        water_fraction=water_fraction,
    ).quality
    return DaySnow(quality, (v22 is None) + 2 * (v91 is None or h91 is None))


def _if_measured(tb: NDArray[np.floating]) -> NDArray[np.floating] | None:
    return tb if np.isfinite(tb).any() else None


def _che_2008(tb: xr.Dataset) -> NDArray[np.float64]:
    """SMMR has a slope of its own, unless it was brought to the level of the sensor that the other slope is for."""
    smmr = tb.attrs.get("sensor") == "smmr"
    own_level = smmr and not np.any(tb["calibration"].values == FITTED_TRANSFER)
    return (che_2008_smmr if own_level else che_2008_ssmi)(tb["tb_19h"].values, tb["tb_37h"].values)
