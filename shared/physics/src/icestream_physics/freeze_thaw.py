"""Is the ground frozen? Indices of brightness temperature and the rules that decide by them.

Cold ground is dark at 37 GHz; frozen ground also hides its water, so that its emissivity is high and hardly polarised,
and it scatters, so that it grows darker with frequency. Each rule weighs these signs in its own way. What no channel
tells (NaN) is no state.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import Constant, constant
from icestream_physics.screening_thresholds import GRODY_BASIST_1996

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.uint8]


class Ground(IntEnum):
    """The state of the ground: the codes of the double-index dataset, and what else a rule may find."""

    UNKNOWN = 0
    FROZEN = 1
    THAWED = 2
    DESERT = 3
    WATER = 4
    PRECIPITATION = 5


def _zhao_2011(value: float, unit: str) -> Constant:
    return constant(value, unit, source="Zhao et al. 2011, doi:10.1002/hyp.7930", certainty="memory")


FROZEN_FUNCTION = (_zhao_2011(1.47, "K-1"), _zhao_2011(91.69, "1"), _zhao_2011(-226.77, "1"))
THAWED_FUNCTION = (_zhao_2011(1.55, "K-1"), _zhao_2011(86.33, "1"), _zhao_2011(-242.41, "1"))
"""Factors of TB36.5V and of the quasi-emissivity, and what is added."""


def _zhao_2017(value: float, unit: str) -> Constant:
    source = "Zhao et al. 2017, doi:10.1002/2017EA000277; agrees with the discriminant functions of 2011"
    return constant(value, unit, source=source, certainty="unsure")


FREEZE_THAW_INDEX = (_zhao_2017(-0.123, "K-1"), _zhao_2017(11.842, "1"), _zhao_2017(20.65, "1"))
"""Factors of TB36.5V and of the quasi-emissivity, and what is added."""


def _grody_1991(value: float, unit: str) -> Constant:
    return constant(value, unit, source="Grody 1991, doi:10.1029/91JD00045", certainty="memory")


SCATTERING_INDEX = (_grody_1991(450.2, "K"), _grody_1991(-0.506, "1"), _grody_1991(-1.874, "1"),
                    _grody_1991(0.00637, "K-1"))  # fmt: skip
"""What is added, and the factors of TB19V, TB22V and TB22V squared."""


def _jin_2009(value: float, unit: str = "K") -> Constant:
    return constant(value, unit, source="Jin et al. 2009, doi:10.1016/j.rse.2009.08.003", certainty="unsure")


TREE_SCATTERER = _jin_2009(5.0)
TREE_RAIN_22 = _jin_2009(258.0)
TREE_RAIN_LINE, TREE_RAIN_SLOPE = _jin_2009(165.0), _jin_2009(0.49, "1")
TREE_DESERT_POLARISATION = _jin_2009(18.0)
TREE_FROZEN_37 = _jin_2009(252.0)


def spectral_gradient(tb_19v: ArrayLike, tb_37v: ArrayLike, low: float, high: float) -> FloatArray:
    """Return the slope of brightness temperature over frequency, K GHz-1; negative where the ground scatters.

    tb_19v, tb_37v : brightness temperature near 19 and 37 GHz, vertical polarisation, K
    low, high      : their frequencies, GHz
    Source: Zuerndorfer & England 1992, IEEE Trans. Geosci. Remote Sens. 30, 89-101, doi:10.1109/36.124219.
    """
    difference = np.asarray(tb_37v, dtype=np.float64) - np.asarray(tb_19v, dtype=np.float64)
    return np.asarray(difference / (high - low))


def quasi_emissivity(tb_19h: ArrayLike, tb_37v: ArrayLike) -> FloatArray:
    """Return the ratio of TB18.7H to TB36.5V, which stands for the temperature of the ground; nearly an emissivity.

    tb_19h, tb_37v : brightness temperature, K
    Source: Zhao et al. 2011, doi:10.1002/hyp.7930.
    """
    return np.asarray(np.asarray(tb_19h, dtype=np.float64) / np.asarray(tb_37v, dtype=np.float64))


def zhao_2011(tb_19h: ArrayLike, tb_37v: ArrayLike) -> FloatArray:
    """Return by how much the discriminant function of frozen ground exceeds that of thawed; frozen where above 0.

    tb_19h, tb_37v : brightness temperature of AMSR-E at 18.7 GHz horizontal and 36.5 GHz vertical, K
    Source: Zhao et al. 2011, Hydrol. Process. 25, 1704-1716, doi:10.1002/hyp.7930.
    """
    quasi = quasi_emissivity(tb_19h, tb_37v)
    return _plane(FROZEN_FUNCTION, quasi, tb_37v) - _plane(THAWED_FUNCTION, quasi, tb_37v)


def zhao_2017(
    tb_19h: ArrayLike,
    tb_37v: ArrayLike,
    plane: tuple[float, float, float] = FREEZE_THAW_INDEX,
) -> FloatArray:
    """Return the freeze/thaw index; frozen where it is above 0, the more the colder.

    tb_19h, tb_37v : brightness temperature near 18.7 GHz horizontal and 36.5 GHz vertical, K
    plane          : factors of TB36.5V (K-1) and of the quasi-emissivity, and what is added; AMSR-E's by default
    Source: Zhao et al. 2017, Earth Space Sci. 4, 472-484, doi:10.1002/2017EA000277.
    """
    return _plane(plane, quasi_emissivity(tb_19h, tb_37v), tb_37v)


def jin_2015(gradient: ArrayLike, tb_37v: ArrayLike, coldest_thawed: float, steepest_frozen: float) -> CodeArray:
    """Return the state by the double index: frozen where both the temperature and the gradient say so.

    gradient        : spectral gradient, K GHz-1
    tb_37v          : brightness temperature, K
    coldest_thawed  : T0, K: ground may be frozen below it
    steepest_frozen : S0, K GHz-1: ground may be frozen below it
    Source: Jin et al. 2015, Arct. Antarct. Alp. Res. 47, 213-229, doi:10.1657/AAAR00C-13-304. Their thresholds are not
    open, so that there are no defaults.
    """
    slope, tb = np.asarray(gradient, dtype=np.float64), np.asarray(tb_37v, dtype=np.float64)
    frozen = (tb < coldest_thawed) & (slope < steepest_frozen)
    state = np.where(frozen, Ground.FROZEN, Ground.THAWED)
    return np.where(np.isnan(slope + tb), Ground.UNKNOWN, state).astype(np.uint8)


def grody_basist_1996_desert(
    tb_19v: ArrayLike, tb_19h: ArrayLike, tb_37v: ArrayLike, tb_91v: ArrayLike
) -> NDArray[np.bool_]:
    """Return where sand is seen: strongly polarised, and growing hardly darker with frequency.

    tb_* : brightness temperature, K; where tb_91v is NaN (a sensor without the channel) it is not asked
    Source: Grody & Basist 1996, IEEE Trans. Geosci. Remote Sens. 34, 237-249, doi:10.1109/36.481908.
    """
    v19, h19, v37, v91 = (np.asarray(tb, dtype=np.float64) for tb in (tb_19v, tb_19h, tb_37v, tb_91v))
    limits = GRODY_BASIST_1996
    sand = (v19 - h19 >= limits.desert_pol_19) & (v19 - v37 <= limits.desert_19_37)
    return np.asarray(sand & ~(v37 - v91 > limits.desert_37_91))


def grody_1991(tb_19v: ArrayLike, tb_22v: ArrayLike, tb_85v: ArrayLike) -> FloatArray:
    """Return the scattering index, K: by how much 85 GHz is darker than ground that does not scatter.

    tb_19v, tb_22v, tb_85v : brightness temperature, K
    Source: Grody 1991, J. Geophys. Res. 96, 7423-7435, doi:10.1029/91JD00045.
    """
    base, by_19, by_22, by_22_squared = SCATTERING_INDEX
    v22 = np.asarray(tb_22v, dtype=np.float64)
    unscattered = base + by_19 * np.asarray(tb_19v, dtype=np.float64) + by_22 * v22 + by_22_squared * v22**2
    return np.asarray(unscattered - np.asarray(tb_85v, dtype=np.float64))


def jin_2009(
    tb_19v: ArrayLike, tb_19h: ArrayLike, tb_22v: ArrayLike, tb_37v: ArrayLike, tb_85v: ArrayLike
) -> CodeArray:
    """Return the state by the decision tree: frozen, thawed, desert or precipitation.

    tb_* : brightness temperature before dawn, K
    Source: Jin, Li & Che 2009, Remote Sens. Environ. 113, doi:10.1016/j.rse.2009.08.003. The three indices and four
    classes are the paper's; the thresholds are unsure, and that desert is asked before precipitation is ours: what is
    warm and strongly polarised is sand, and rain hides how polarised the ground is.
    """
    v19, h19, v22, v37, v85 = (np.asarray(tb, dtype=np.float64) for tb in (tb_19v, tb_19h, tb_22v, tb_37v, tb_85v))
    scatterer = grody_1991(v19, v22, v85) > TREE_SCATTERER
    rain = (v22 > TREE_RAIN_22) | (v22 > TREE_RAIN_LINE + TREE_RAIN_SLOPE * v85)
    state = np.where(v37 <= TREE_FROZEN_37, Ground.FROZEN, Ground.THAWED)
    state = np.where(scatterer & rain, Ground.PRECIPITATION, state)
    state = np.where(scatterer & (v19 - h19 > TREE_DESERT_POLARISATION), Ground.DESERT, state)
    return np.where(np.isnan(v19 + h19 + v22 + v37 + v85), Ground.UNKNOWN, state).astype(np.uint8)


def _plane(plane: tuple[float, float, float], quasi: FloatArray, tb_37v: ArrayLike) -> FloatArray:
    by_tb, by_quasi, offset = plane
    return np.asarray(float(by_tb) * np.asarray(tb_37v, dtype=np.float64) + float(by_quasi) * quasi + float(offset))
