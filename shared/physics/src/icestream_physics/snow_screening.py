"""Is it dry snow that scatters? A decision tree on brightness temperatures, which says for each cell why it is not.

Rain, sand and frozen soil scatter too, and each would pass for snow in the depth formulas of `snow_depth`. The tree is
that of Grody & Basist (1996); `ng_2002` is its update, as run operationally by NASA LIS. A cell that several tests
reject carries the most specific reason: ice sheet before desert before rain before frozen ground (the published tree
only rejects, so that this order is ours; most of the Sahara also passes the test for rain).

A channel that the sensor does not have is None: the tests that need it are skipped, and named in the result. A channel
that it has, but not in this cell, is NaN: the cell has no data. Comparisons with NaN are false, so that without this
rule every rejection would fail and the hole would pass for snow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant
from icestream_physics.false_snow import in_plateau_box, tsutsui_koike_2012
from icestream_physics.screening_thresholds import GRODY_BASIST_1996, NG_2002, Thresholds
from icestream_physics.wet_snow import wet_snow

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class SnowQuality(IntEnum):
    """Why a cell has the depth it has: the quality byte."""

    DRY_SNOW = 0
    NO_SCATTERING = 1
    RAIN = 2
    DESERT = 3
    FROZEN_GROUND = 4
    GLACIER = 5
    WET_SNOW = 6
    PLATEAU_FALSE_SNOW = 7
    GAP_FILLED = 8
    WATER = 9
    NO_DATA = 255


SNOW_FREE = (
    SnowQuality.NO_SCATTERING,
    SnowQuality.DESERT,
    SnowQuality.FROZEN_GROUND,
    SnowQuality.PLATEAU_FALSE_SNOW,
)
"""The depth is nought. For every other reason but dry snow and gap-filled it is unknown."""


WATER_LIMIT = constant(0.3, "1", source="more open water than this drowns the snow signal", certainty="design")


@dataclass(frozen=True)
class Screening:
    """What the tree found."""

    quality: NDArray[np.uint8]
    """`SnowQuality` of each cell."""
    skipped: tuple[str, ...]
    """Tests that could not be made at all, for want of a channel or an ancillary, in the order of the tree."""


def ng_2002(
    tb_19v: ArrayLike,
    tb_19h: ArrayLike,
    tb_37v: ArrayLike,
    tb_37h: ArrayLike,
    tb_22v: ArrayLike | None = None,
    tb_91v: ArrayLike | None = None,
    tb_91h: ArrayLike | None = None,
    *,
    elevation: ArrayLike | None = None,
    latitude: ArrayLike | None = None,
    longitude: ArrayLike | None = None,
    water_fraction: ArrayLike | None = None,
) -> Screening:
    """Screen for dry snow with the operational 2002 edition of the tree. The default where 22 and 91 GHz exist.

    tb_*           : brightness temperature, K; SSM/I and SSMIS 19, 22, 37, 85 or 91 GHz; AMSR 18.7, 23.8, 36.5, 89 GHz;
                     None where the sensor lacks the channel, NaN where the cell lacks the value
    elevation      : m; with latitude and longitude (degrees) it opens the false-snow test of the Tibetan Plateau
    water_fraction : 0 to 1
    All of one shape, or such that they broadcast.
    Source: "NG, 2002" in NASA LISF, ldt/USAFSI; AMSR2 alike. Wet snow: `wet_snow`. Plateau: `false_snow`.
    """
    channels = _Channels(tb_19v, tb_19h, tb_37v, tb_37h, tb_22v, tb_91v, tb_91h)
    return _screen(NG_2002, channels, elevation, latitude, longitude, water_fraction)


def grody_basist_1996(
    tb_19v: ArrayLike,
    tb_19h: ArrayLike,
    tb_37v: ArrayLike,
    tb_37h: ArrayLike,
    tb_22v: ArrayLike | None = None,
    tb_85v: ArrayLike | None = None,
    tb_85h: ArrayLike | None = None,
    *,
    elevation: ArrayLike | None = None,
    latitude: ArrayLike | None = None,
    longitude: ArrayLike | None = None,
    water_fraction: ArrayLike | None = None,
) -> Screening:
    """Screen for dry snow with the tree as published in 1996; arguments as of `ng_2002`.

    Source: Grody & Basist 1996, IEEE Trans. Geosci. Remote Sens. 34, 237-249, doi:10.1109/36.481908.
    """
    channels = _Channels(tb_19v, tb_19h, tb_37v, tb_37h, tb_22v, tb_85v, tb_85h)
    return _screen(GRODY_BASIST_1996, channels, elevation, latitude, longitude, water_fraction)


def screened_depth(depth: ArrayLike, quality: ArrayLike) -> FloatArray:
    """Return the depth, m, as the quality allows: kept for dry and gap-filled snow, nought without snow, else NaN.

    depth   : snow depth that ignores the screening, m
    quality : `SnowQuality`
    """
    codes = np.asarray(quality)
    kept = np.isin(codes, (SnowQuality.DRY_SNOW, SnowQuality.GAP_FILLED))
    return np.where(kept, np.asarray(depth, dtype=np.float64), np.where(np.isin(codes, SNOW_FREE), 0.0, np.nan))


class _Channels:
    """The channels by name, as float arrays of one shape; what the sensor lacks is not there."""

    NAMES = ("19V", "19H", "37V", "37H", "22V", "91V", "91H")

    def __init__(self, *given: ArrayLike | None) -> None:
        named = {n: np.asarray(tb, dtype=np.float64) for n, tb in zip(self.NAMES, given, strict=True) if tb is not None}
        self.tb: Mapping[str, FloatArray] = MappingProxyType(
            dict(zip(named, np.broadcast_arrays(*named.values()), strict=True))
        )

    def difference(self, first: str, second: str, offset: float = 0.0) -> FloatArray:
        return self.tb[first] - self.tb[second] - offset

    def scattering(self, limits: Thresholds) -> FloatArray:
        """The strongest sign of scattering that the channels can show, K."""
        signs = [self.difference("19V", "37V", limits.offset_19_37)]
        if {"22V", "91V"} <= self.tb.keys():
            signs.append(self.difference("22V", "91V", limits.offset_22_91))
        if limits.scatters_by_37_91 and "91V" in self.tb:
            signs.append(self.difference("37V", "91V", limits.offset_37_91))
        return np.asarray(np.maximum.reduce(signs))


@dataclass(frozen=True)
class _Test:
    """One question of the tree: what a yes means, and which channels it needs."""

    name: str
    reason: SnowQuality
    needs: frozenset[str]
    holds: Callable[[Thresholds, _Channels], BoolArray]


def _screen(
    limits: Thresholds,
    channels: _Channels,
    elevation: ArrayLike | None,
    latitude: ArrayLike | None,
    longitude: ArrayLike | None,
    water_fraction: ArrayLike | None,
) -> Screening:
    undecided = np.ones(next(iter(channels.tb.values())).shape, dtype=bool)
    quality = np.full(undecided.shape, SnowQuality.DRY_SNOW, dtype=np.uint8)
    skipped: list[str] = []

    def reject(where: ArrayLike, reason: SnowQuality) -> None:
        hit = undecided & where
        quality[hit] = reason
        undecided[hit] = False

    reject(np.any([np.isnan(tb) for tb in channels.tb.values()], axis=0), SnowQuality.NO_DATA)
    if water_fraction is None:
        skipped.append("water")
    else:
        water = np.asarray(water_fraction, dtype=np.float64)
        reject(np.isnan(water), SnowQuality.NO_DATA)
        reject(water > WATER_LIMIT, SnowQuality.WATER)
    for test in _TREE:
        if test.needs <= channels.tb.keys():
            reject(test.holds(limits, channels), test.reason)
        else:
            skipped.append(test.name)
    if elevation is None or latitude is None or longitude is None or "91V" not in channels.tb:
        skipped.append("plateau false snow")
    else:
        tb = channels.tb
        unknown_height = np.isnan(np.asarray(elevation, dtype=np.float64)) & in_plateau_box(latitude, longitude)
        reject(unknown_height, SnowQuality.NO_DATA)
        false_snow = tsutsui_koike_2012(tb["19V"], tb["37V"], tb["91V"], elevation, latitude, longitude)
        reject(false_snow, SnowQuality.PLATEAU_FALSE_SNOW)
    return Screening(quality, tuple(skipped))


def _glacier(limits: Thresholds, channels: _Channels) -> BoolArray:
    v22 = channels.tb["22V"]
    polarised = channels.difference("19V", "19H") >= limits.glacier_pol_19
    return (v22 <= limits.glacier_22) | ((v22 <= limits.glacier_polarised_22) & polarised)


def _no_scattering(limits: Thresholds, channels: _Channels) -> BoolArray:
    return np.asarray(channels.scattering(limits) <= 0)


def _desert(limits: Thresholds, channels: _Channels) -> BoolArray:
    return (
        (channels.difference("19V", "19H") >= limits.desert_pol_19)
        & (channels.difference("19V", "37V", limits.offset_19_37) <= limits.desert_19_37)
        & (channels.difference("37V", "91V", limits.offset_37_91) <= limits.desert_37_91)
    )


def _warm_desert(limits: Thresholds, channels: _Channels) -> BoolArray:
    """Rain hides how polarised the ground is, so that what is warm and strongly polarised is sand, and not rain."""
    polarised = channels.difference("19V", "19H") >= limits.desert_pol_19
    return polarised & (channels.tb["22V"] >= limits.rain_22)


def _warm_rain(limits: Thresholds, channels: _Channels) -> BoolArray:
    return np.asarray(channels.tb["22V"] >= limits.rain_22)


def _heavy_rain(limits: Thresholds, channels: _Channels) -> BoolArray:
    return np.asarray(channels.tb["22V"] >= limits.rain_line + limits.rain_line_slope * channels.tb["91V"])


def _wet_snow(_limits: Thresholds, channels: _Channels) -> BoolArray:
    tb = channels.tb
    return wet_snow(tb["19V"], tb["19H"], tb["37V"], tb["37H"], tb.get("22V"), tb.get("91V"))


def _frozen_ground(limits: Thresholds, channels: _Channels) -> BoolArray:
    return (
        (channels.difference("19V", "19H") >= limits.frozen_pol_19)
        & (channels.difference("22V", "91V", limits.offset_22_91) <= limits.frozen_22_91)
        & (channels.difference("19V", "37V", limits.offset_19_37) <= limits.frozen_19_37)
    )


def _cold_rain(limits: Thresholds, channels: _Channels) -> BoolArray:
    return (
        (channels.tb["22V"] >= limits.cold_rain_22)
        & (channels.difference("91V", "91H") > limits.cold_rain_pol_91)
        & (channels.scattering(limits) <= limits.cold_rain_scatter)
    )


_TREE = (
    _Test("glacier", SnowQuality.GLACIER, frozenset({"19V", "19H", "22V"}), _glacier),
    _Test("scattering", SnowQuality.NO_SCATTERING, frozenset({"19V", "37V"}), _no_scattering),
    _Test("desert", SnowQuality.DESERT, frozenset({"19V", "19H", "37V", "91V"}), _desert),
    _Test("warm desert", SnowQuality.DESERT, frozenset({"19V", "19H", "22V"}), _warm_desert),
    _Test("warm rain", SnowQuality.RAIN, frozenset({"22V"}), _warm_rain),
    _Test("heavy rain", SnowQuality.RAIN, frozenset({"22V", "91V"}), _heavy_rain),
    _Test("wet snow", SnowQuality.WET_SNOW, frozenset({"19V", "19H", "37V", "37H"}), _wet_snow),
    _Test("frozen ground", SnowQuality.FROZEN_GROUND, frozenset({"19V", "19H", "22V", "37V", "91V"}), _frozen_ground),
    _Test("cold rain", SnowQuality.RAIN, frozenset({"19V", "22V", "37V", "91V", "91H"}), _cold_rain),
)
"""In the order of the reason that a cell carries. The glacier test comes before that for scattering, as in the NOAA
codes: an ice sheet often does not scatter (37 GHz warmer than 19), and is no snow-free land for that."""
