"""How much of the ground snow of a given depth covers, and back."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

_CLM = "Niu & Yang 2007, doi:10.1029/2007JD008674, as the Community Land Model runs it"
GROUND_ROUGHNESS = constant(0.01, "m", source=_CLM, certainty="secondary source")
ROUGHNESS_FACTOR = constant(2.5, "1", source=_CLM, certainty="secondary source")
NEW_SNOW_DENSITY = constant(100.0, "kg m-3", source=_CLM, certainty="secondary source")
MELT_FACTOR = constant(1.0, "1", source=f"{_CLM}; other tuning gives up to 1.6", certainty="secondary source")
COVER_LIMIT = constant(0.99, "1", source="full cover says nothing of depth: inverted as 0.99", certainty="design")

FloatArray = NDArray[np.float64]


def niu_yang_2007(depth: ArrayLike, density: ArrayLike, melt_factor: float = MELT_FACTOR) -> FloatArray:
    """Return the snow cover fraction, 0 to 1: tanh(depth / (2.5 z0 (density / new density)^m)).

    depth       : snow depth, m
    density     : snow density, kg m-3
    melt_factor : exponent m
    Source: Niu & Yang 2007, J. Geophys. Res. 112, D21101, doi:10.1029/2007JD008674.
    """
    return np.tanh(np.asarray(depth, dtype=np.float64) / _scale(density, melt_factor))


def niu_yang_2007_inverse(cover: ArrayLike, density: ArrayLike, melt_factor: float = MELT_FACTOR) -> FloatArray:
    """Return the least snow depth, m, that covers a fraction of the ground; cover above 0.99 counts as 0.99.

    cover       : snow cover fraction, 0 to 1
    density     : snow density, kg m-3
    melt_factor : exponent m
    Source: Niu & Yang 2007, J. Geophys. Res. 112, D21101, doi:10.1029/2007JD008674, solved for the depth.
    """
    limited = np.minimum(np.asarray(cover, dtype=np.float64), COVER_LIMIT)
    return np.arctanh(limited) * _scale(density, melt_factor)


def _scale(density: ArrayLike, melt_factor: float) -> FloatArray:
    compaction = np.asarray(density, dtype=np.float64) / NEW_SNOW_DENSITY
    scale: FloatArray = ROUGHNESS_FACTOR * GROUND_ROUGHNESS * compaction**melt_factor
    return scale
