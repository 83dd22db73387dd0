"""Permittivity of mineral soil, thawed and frozen, at microwave frequencies."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import Constant, constant

ComplexArray = NDArray[np.complex128]
FloatArray = NDArray[np.float64]


def _mironov(value: float, unit: str) -> Constant:
    source = "Mironov et al. 2009, doi:10.1109/TGRS.2008.2011631, as in ten independent soil-moisture codes"
    return constant(value, unit, source=source, certainty="secondary source")


DRY_REFRACTION = (_mironov(1.634, "1"), _mironov(-0.539e-2, "%-1"), _mironov(0.2748e-4, "%-2"))
DRY_ATTENUATION = (_mironov(0.03952, "1"), _mironov(-0.04038e-2, "%-1"))
MOST_BOUND_WATER = (_mironov(0.02863, "m3 m-3"), _mironov(0.30673e-2, "m3 m-3 %-1"))
BOUND_STATIC = (_mironov(79.8, "1"), _mironov(-85.4e-2, "%-1"), _mironov(32.7e-4, "%-2"))
BOUND_RELAXATION = (_mironov(1.062e-11, "s"), _mironov(3.450e-14, "s %-1"))
BOUND_CONDUCTIVITY = (_mironov(0.3112, "S m-1"), _mironov(0.467e-2, "S m-1 %-1"))
FREE_CONDUCTIVITY = (_mironov(0.3631, "S m-1"), _mironov(1.217e-2, "S m-1 %-1"))
FREE_STATIC = _mironov(100.0, "1")
FREE_RELAXATION = _mironov(8.5e-12, "s")
OPTICAL = _mironov(4.9, "1")
"""Polynomials in the clay content, %, lowest power first."""

ICE_REFRACTION = constant(
    1.777, "1", source="square root of 3.16; Matzler & Wegmuller 1987, doi:10.1088/0022-3727/20/12/013",
    certainty="memory",
)  # fmt: skip
VACUUM = constant(8.854e-12, "F m-1", source="CODATA", certainty="verified")
GHZ = 1e9


def mironov_2009(moisture: ArrayLike, clay: ArrayLike, frequency: float) -> ComplexArray:
    """Return the permittivity of thawed mineral soil; its imaginary part is positive.

    moisture  : volumetric water content, m3 m-3
    clay      : % of the soil's mass
    frequency : GHz; measured up to 26.5 GHz, beyond which the water's relaxation is carried on
    Source: Mironov, Kosolapova & Fomin 2009, IEEE Trans. Geosci. Remote Sens. 47, 2059-2070,
    doi:10.1109/TGRS.2008.2011631.
    """
    water = np.asarray(moisture, dtype=np.float64)
    bound = np.minimum(water, _polynomial(MOST_BOUND_WATER, clay))
    free = _debye(FREE_STATIC, FREE_RELAXATION, _polynomial(FREE_CONDUCTIVITY, clay), frequency)
    refraction = _with_bound_water(bound, clay, frequency) + (np.sqrt(free) - 1.0) * (water - bound)
    return np.asarray(refraction**2)


def frozen_soil(moisture: ArrayLike, clay: ArrayLike, frequency: float, unfrozen: ArrayLike = 1.0) -> ComplexArray:
    """Return the permittivity of frozen mineral soil: all but a part of the bound water is ice.

    moisture  : volumetric water content before the soil froze, m3 m-3
    clay      : % of the soil's mass
    frequency : GHz
    unfrozen  : share of the bound water that stays liquid, 0 to 1
    Source: our own design: the refractive mixing of `mironov_2009` with ice in the place of the free water.
    """
    water = np.asarray(moisture, dtype=np.float64)
    liquid = np.minimum(water, _polynomial(MOST_BOUND_WATER, clay)) * np.asarray(unfrozen, dtype=np.float64)
    refraction = _with_bound_water(liquid, clay, frequency) + (ICE_REFRACTION - 1.0) * (water - liquid)
    return np.asarray(refraction**2)


def _with_bound_water(bound: FloatArray, clay: ArrayLike, frequency: float) -> ComplexArray:
    """Return the complex refractive index of soil that holds bound water alone."""
    dry = _polynomial(DRY_REFRACTION, clay) + 1j * _polynomial(DRY_ATTENUATION, clay)
    permittivity = _debye(
        _polynomial(BOUND_STATIC, clay), _polynomial(BOUND_RELAXATION, clay), _polynomial(BOUND_CONDUCTIVITY, clay),
        frequency,
    )  # fmt: skip
    return np.asarray(dry + (np.sqrt(permittivity) - 1.0) * bound)


def _debye(static: ArrayLike, relaxation: ArrayLike, conductivity: ArrayLike, frequency: float) -> ComplexArray:
    circular = 2.0 * np.pi * frequency * GHZ
    relaxed = (np.asarray(static) - OPTICAL) / (1.0 - 1j * circular * np.asarray(relaxation))
    return np.asarray(OPTICAL + relaxed + 1j * np.asarray(conductivity) / (circular * VACUUM))


def _polynomial(terms: tuple[Constant, ...], clay: ArrayLike) -> FloatArray:
    percent = np.asarray(clay, dtype=np.float64)
    return np.asarray(sum(float(term) * percent**power for power, term in enumerate(terms)))
