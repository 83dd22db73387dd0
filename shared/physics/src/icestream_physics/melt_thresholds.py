"""Is the snow wet? A rule a paper, on brightness temperatures or backscatter beside those of dry snow.

A little water in the snow makes it shine nearly black at 19 and 37 GHz, so brightness temperature jumps up, and
absorbs the radar's pulse, so backscatter falls. Where a value is missing (NaN) the rule answers no: the caller knows
where nothing was seen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

M30_DELTA = constant(
    30.0, "K", source="Tedesco 2009: winter mean plus 30 K; Zwally & Fiegles 1994", certainty="verified"
)
TORINESI_SIGMAS = constant(3.0, "1", source="Torinesi et al. 2003; Picard & Fily 2006", certainty="memory")
TORINESI_CUT = constant(30.0, "K", source="Torinesi et al. 2003: melt is left out of the mean", certainty="memory")
TORINESI_PASSES = 3
XPGR_F08 = constant(
    -0.0158, "1", source="Abdalati & Steffen 1995, as in CETB_analysis.py", certainty="secondary source"
)
XPGR_SMMR = constant(-0.0265, "1", source="Abdalati & Steffen 1997", certainty="unsure")
XPGR_F13 = constant(-0.0154, "1", source="Abdalati & Steffen 1997", certainty="unsure")
RAMAGE_DAV = constant(10.0, "K", source="Ramage & Isacks 2002, SSM/I 37V", certainty="memory")
RAMAGE_WARM = constant(246.0, "K", source="Ramage & Isacks 2002, SSM/I 37V", certainty="memory")
AMSR_DAV = constant(18.0, "K", source="CETB_analysis.py: the same for AMSR-E 36V", certainty="secondary source")
AMSR_WARM = constant(252.0, "K", source="CETB_analysis.py: the same for AMSR-E 36V", certainty="secondary source")
DYNAMIC_DAV = constant(
    10.0, "K", source="Tedesco et al. 2009, doi:10.1029/2009GL039672, as in CETB_analysis.py",
    certainty="secondary source",
)  # fmt: skip
QUIKSCAT_DROP = constant(
    3.0, "dB", source="Steiner & Tedesco 2014, abstract, doi:10.5194/tc-8-25-2014: the fixed threshold over Antarctica",
    certainty="verified",
)  # fmt: skip


class WinterStatistics(NamedTuple):
    """Of each cell: mean and standard deviation of dry days, K (NaN where there is none), and how many days."""

    mean: FloatArray
    deviation: FloatArray
    days: NDArray[np.int32]


def tedesco_2009(tb_19h: ArrayLike, winter_mean: ArrayLike, delta: float = M30_DELTA) -> BoolArray:
    """Return where snow melts: at least `delta` K warmer than the winter mean (M+30).

    tb_19h : brightness temperature, 18 to 19 GHz, horizontal polarisation, K
    winter_mean : of the same channel, K
    Source: Tedesco 2009, Remote Sens. Environ. 113, 979-986, after Zwally & Fiegles 1994, J. Glaciol. 40, 463-476.
    """
    return np.asarray(_floats(tb_19h) - _floats(winter_mean) >= delta)


def torinesi_2003(
    tb_19h: ArrayLike, mean: ArrayLike, deviation: ArrayLike, sigmas: float = TORINESI_SIGMAS
) -> BoolArray:
    """Return where snow melts: more than `sigmas` standard deviations above the mean of dry days (M + k sigma).

    tb_19h : brightness temperature, 18 to 19 GHz, horizontal polarisation, K
    mean, deviation : of dry days, K, by `dry_statistics`
    Source: Torinesi, Fily & Genthon 2003, J. Clim. 16, 1047-1060; Picard & Fily 2006, doi:10.1016/j.rse.2006.05.010.
    """
    return np.asarray(_floats(tb_19h) > _floats(mean) + sigmas * _floats(deviation))


def dry_statistics(tb_19h: ArrayLike) -> WinterStatistics:
    """Return mean and deviation of the days on which nothing melts: days 30 K above the mean are left out, thrice.

    tb_19h : brightness temperature, K, on (day, ...); NaN where nothing was seen
    The deviation of fewer than two days is NaN.
    Source: Torinesi, Fily & Genthon 2003, J. Clim. 16, 1047-1060.
    """
    tb = _floats(tb_19h)
    kept = np.isfinite(tb)
    for _ in range(TORINESI_PASSES):
        kept = kept & ~(tb > _mean(tb, kept) + TORINESI_CUT)
    mean, count = _mean(tb, kept), kept.sum(axis=0, dtype=np.int32)
    squares = np.where(kept, (tb - mean) ** 2, 0.0).sum(axis=0)
    variance = np.divide(squares, count - 1, out=np.full(squares.shape, np.nan), where=count > 1)
    return WinterStatistics(mean, np.sqrt(variance), count)


def abdalati_steffen_1995(tb_19h: ArrayLike, tb_37v: ArrayLike, threshold: float = XPGR_F08) -> BoolArray:
    """Return where snow melts by the cross-polarised gradient ratio (XPGR).

    tb_19h, tb_37v : brightness temperature, K
    threshold : of the ratio; it differs between sensors
    Source: Abdalati & Steffen 1995, Geophys. Res. Lett. 22, doi:10.1029/95GL00433.
    """
    h19, v37 = _floats(tb_19h), _floats(tb_37v)
    return np.asarray((h19 - v37) / (h19 + v37) > threshold)


def ramage_isacks_2002(
    tb_37v_warm: ArrayLike, tb_37v_cold: ArrayLike, swing: float = RAMAGE_DAV, warm: float = RAMAGE_WARM
) -> BoolArray:
    """Return where snow melts by day and freezes by night: a large diurnal amplitude (DAV), and warm by day.

    tb_37v_warm, tb_37v_cold : brightness temperature at 36 to 37 GHz, afternoon and early morning, K
    Source: Ramage & Isacks 2002, Ann. Glaciol. 34, 391-396.
    """
    day, night = _floats(tb_37v_warm), _floats(tb_37v_cold)
    return np.asarray((np.abs(day - night) > swing) & (day > warm))


def tedesco_2009_dav(
    tb_37v_warm: ArrayLike, tb_37v_cold: ArrayLike, winter_swing: ArrayLike, excess: float = DYNAMIC_DAV
) -> BoolArray:
    """Return where the diurnal amplitude exceeds that of January and February by 10 K (dynamic DAV).

    tb_37v_warm, tb_37v_cold : brightness temperature at 36 to 37 GHz, afternoon and early morning, K
    winter_swing : mean of |warm - cold| in January and February, K
    Source: Tedesco, Brodzik, Armstrong, Savoie & Ramage 2009, Geophys. Res. Lett. 36, doi:10.1029/2009GL039672, as
    coded in CETB_analysis.py.
    """
    return np.asarray(np.abs(_floats(tb_37v_warm) - _floats(tb_37v_cold)) > _floats(winter_swing) + excess)


def steiner_tedesco_2014(sigma0: ArrayLike, winter_mean: ArrayLike, drop: float = QUIKSCAT_DROP) -> BoolArray:
    """Return where snow melts: Ku-band backscatter that is `drop` dB below that of winter.

    sigma0 : backscatter, dB
    winter_mean : of the same pass, dB
    Source: the fixed threshold that Steiner & Tedesco 2014, The Cryosphere 8, 25-40, hold theirs against; over snow on
    land others vary the drop (Panday et al. 2011).
    """
    return np.asarray(_floats(sigma0) < _floats(winter_mean) - drop)


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _mean(values: FloatArray, kept: BoolArray) -> FloatArray:
    count, total = kept.sum(axis=0), np.where(kept, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
