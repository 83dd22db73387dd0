"""Snow depth from the brightness-temperature difference between about 18 and about 37 GHz, horizontal polarisation.

Dry snow scatters 37 GHz more than 18 GHz, so that 37 GHz looks colder, the more so the deeper (and the coarser) the
snow. All formulas here are one static slope: they are right for one grain size only. Whether there is dry snow at all
is for `snow_screening` to say.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

CHANG_SLOPE = constant(
    1.59, "cm K-1", source="Chang et al. 1987, Ann. Glaciol. 9, as given in the CIMR ATBD", certainty="secondary source"
)
CHANG_SWE_SLOPE = constant(4.8, "mm K-1", source="Chang et al. 1987, Ann. Glaciol. 9", certainty="memory")
CHE_SMMR_SLOPE = constant(
    0.78, "cm K-1", source="Che et al. 2008, Ann. Glaciol. 49, doi:10.3189/172756408787814690", certainty="memory"
)
CHE_SSMI_SLOPE = constant(
    0.66, "cm K-1", source="Che et al. 2008, Ann. Glaciol. 49, doi:10.3189/172756408787814690", certainty="memory"
)
FOREST_LIMIT = constant(
    0.9, "1", source="NASA LISF, ldt/USAFSI/USAFSI_ssmisMod.F90, after Foster et al. 1997", certainty="verified"
)
SHALLOW_LIMIT = constant(
    0.025, "m", source="NASA LISF, ldt/USAFSI/USAFSI_ssmisMod.F90 (there disabled)", certainty="verified"
)
METRES_PER_CENTIMETRE = 0.01

FloatArray = NDArray[np.float64]


def chang_1987(tb_18h: ArrayLike, tb_37h: ArrayLike) -> FloatArray:
    """Return the snow depth, m, of snow of 0.3 mm grain radius and 300 kg m-3; nought where 37 GHz is the warmer.

    tb_18h, tb_37h : brightness temperature, horizontal polarisation, K; NaN gives NaN
    Source: Chang, Foster & Hall 1987, Ann. Glaciol. 9, 39-44.
    """
    return _spectral_gradient(CHANG_SLOPE, tb_18h, tb_37h)


def chang_1987_water_equivalent(tb_18h: ArrayLike, tb_37h: ArrayLike) -> FloatArray:
    """Return the snow water equivalent, kg m-2 (mm of water); nought where 37 GHz is the warmer.

    tb_18h, tb_37h : brightness temperature, horizontal polarisation, K; NaN gives NaN
    Source: Chang, Foster & Hall 1987, Ann. Glaciol. 9, 39-44.
    """
    return np.maximum(CHANG_SWE_SLOPE * _difference(tb_18h, tb_37h), 0.0)


def che_2008_smmr(tb_18h: ArrayLike, tb_37h: ArrayLike) -> FloatArray:
    """Return the snow depth in China, m, from SMMR; nought where 37 GHz is the warmer.

    tb_18h, tb_37h : brightness temperature, horizontal polarisation, K; NaN gives NaN
    Source: Che et al. 2008, Ann. Glaciol. 49, 145-154, doi:10.3189/172756408787814690.
    """
    return _spectral_gradient(CHE_SMMR_SLOPE, tb_18h, tb_37h)


def che_2008_ssmi(tb_19h: ArrayLike, tb_37h: ArrayLike) -> FloatArray:
    """Return the snow depth in China, m, from SSM/I, or what is calibrated to it; nought where 37 GHz is the warmer.

    tb_19h, tb_37h : brightness temperature, horizontal polarisation, K; NaN gives NaN
    Source: Che et al. 2008, Ann. Glaciol. 49, 145-154, doi:10.3189/172756408787814690.
    """
    return _spectral_gradient(CHE_SSMI_SLOPE, tb_19h, tb_37h)


def foster_1997_forest(depth: ArrayLike, forest_fraction: ArrayLike) -> FloatArray:
    """Return the depth, m, with the signal that the canopy hides given back: depth / (1 - forest fraction).

    depth           : snow depth that ignores the forest, m
    forest_fraction : 0 to 1; above 0.9 it counts as 0.9, so that noise grows tenfold at most; NaN gives NaN
    Source: Foster et al. 1997, Remote Sens. Environ. 62, 132-142, doi:10.1016/S0034-4257(97)00085-0.
    Errors: ValueError where a fraction lies outside 0 to 1.
    """
    fraction = np.asarray(forest_fraction, dtype=np.float64)
    if np.any((fraction < 0) | (fraction > 1)):
        raise ValueError(
            f"the forest fraction runs from {np.nanmin(fraction):g} to {np.nanmax(fraction):g}; wanted 0 to 1 "
            "(divide per cent by 100)"
        )
    return np.asarray(depth, dtype=np.float64) / (1.0 - np.minimum(fraction, FOREST_LIMIT))


def _spectral_gradient(slope: float, tb_low: ArrayLike, tb_high: ArrayLike) -> FloatArray:
    return np.maximum(slope * METRES_PER_CENTIMETRE * _difference(tb_low, tb_high), 0.0)


def _difference(tb_low: ArrayLike, tb_high: ArrayLike) -> FloatArray:
    return np.asarray(tb_low, dtype=np.float64) - np.asarray(tb_high, dtype=np.float64)
