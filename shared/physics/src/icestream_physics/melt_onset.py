"""When the snow of a place begins to melt: the first wet days that last."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FEWEST_WET = 3
WITHIN_DAYS = 5
"""Three wet days of five make an onset, as in the diurnal-amplitude rules for AMSR-E."""
LEAST_RISE = constant(10.0, "K", source="above the mean of winter; the diurnal rule's amplitude", certainty="design")
RISE_SIGMAS = constant(2.5, "1", source="above the mean of winter, where that varies much", certainty="design")
WET_LIMIT = constant(246.0, "K", source="Ramage & Isacks 2002, SSM/I 37V", certainty="memory")


def wet_by_rise(tb_37v: ArrayLike, winter_mean: ArrayLike, winter_deviation: ArrayLike) -> BoolArray:
    """Return where snow is wet by one pass: well above that pass's own winter, and warmer than 246 K.

    tb_37v : brightness temperature at 36 to 37 GHz, vertical polarisation, K
    winter_mean, winter_deviation : of the same pass in mid-winter, K
    Source: designed; the limit of 246 K is that of Ramage & Isacks 2002, Ann. Glaciol. 34, 391-396.
    """
    tb, mean = np.asarray(tb_37v, np.float64), np.asarray(winter_mean, np.float64)
    rise = np.maximum(LEAST_RISE, RISE_SIGMAS * np.asarray(winter_deviation, np.float64))
    return np.asarray((tb > mean + rise) & (tb > WET_LIMIT))


def first_lasting(
    wet: ArrayLike, first: int = 0, fewest: int = FEWEST_WET, within: int = WITHIN_DAYS
) -> NDArray[np.intp]:
    """Return the first day that begins a run in which enough days are wet; -1 where there is none.

    wet : on (day, ...), consecutive days; a day that was not seen is not wet
    first : no day before this one counts
    fewest, within : so many of so many days, the first among them, are wet
    Source: the persistence of the diurnal-amplitude rules (CETB_analysis.py: three exceedances in five days).
    """
    days = np.asarray(wet, np.bool_)
    # Sums of shifted days, not differences of a running sum, which numpy takes ten times as long for.
    wet_of_next = np.zeros(days.shape, np.int16)
    for later in range(min(within, days.shape[0])):
        wet_of_next[: days.shape[0] - later] += days[later:]
    begins = days & (wet_of_next >= fewest)
    begins[:first] = False
    return np.where(begins.any(axis=0), begins.argmax(axis=0), -1)
