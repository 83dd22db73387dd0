"""What a radiometer sees of soil under vegetation: the tau-omega model, zero-order radiative transfer."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class Polarised(NamedTuple):
    """One quantity at both polarisations."""

    vertical: FloatArray
    horizontal: FloatArray


def fresnel(permittivity: ArrayLike, incidence: float) -> Polarised:
    """Return the power reflectivity of a smooth surface, 0 to 1.

    permittivity : complex, relative to vacuum
    incidence    : degrees
    """
    relative = np.asarray(permittivity, dtype=np.complex128)
    cosine = np.cos(np.radians(incidence))
    inside = np.sqrt(relative - np.sin(np.radians(incidence)) ** 2)
    vertical = np.abs((relative * cosine - inside) / (relative * cosine + inside)) ** 2
    horizontal = np.abs((cosine - inside) / (cosine + inside)) ** 2
    return Polarised(vertical, horizontal)


def wang_choudhury_1981(smooth: Polarised, mixing: ArrayLike, roughness: ArrayLike) -> Polarised:
    """Return the reflectivity of a rough surface, 0 to 1: mixed between the polarisations, and damped.

    smooth    : of the smooth surface, 0 to 1
    mixing    : Q, 0 to 0.5
    roughness : H, 1; not negative
    Source: Wang & Choudhury 1981, J. Geophys. Res. 86, 5277-5282, doi:10.1029/JC086iC06p05277.
    """
    share = np.asarray(mixing, dtype=np.float64)
    damped = np.exp(-np.asarray(roughness, dtype=np.float64))
    vertical = ((1.0 - share) * smooth.vertical + share * smooth.horizontal) * damped
    horizontal = ((1.0 - share) * smooth.horizontal + share * smooth.vertical) * damped
    return Polarised(np.asarray(vertical), np.asarray(horizontal))


def tau_omega(
    reflectivity: Polarised,
    soil_temperature: ArrayLike,
    canopy_temperature: ArrayLike,
    optical_depth: ArrayLike,
    single_scattering_albedo: ArrayLike,
    incidence: float,
) -> Polarised:
    """Return the brightness temperature of soil under vegetation, K, without an atmosphere.

    reflectivity             : of the soil, 0 to 1
    soil_temperature         : K
    canopy_temperature       : K
    optical_depth            : tau, of the vegetation at nadir
    single_scattering_albedo : omega, 0 to 1
    incidence                : degrees
    Source: Mo, Choudhury, Schmugge, Wang & Jackson 1982, J. Geophys. Res. 87, 11229-11237,
    doi:10.1029/JC087iC13p11229.
    """
    through = np.exp(-np.asarray(optical_depth, dtype=np.float64) / np.cos(np.radians(incidence)))
    soil = np.asarray(soil_temperature, dtype=np.float64) * through
    canopy = np.asarray(canopy_temperature, dtype=np.float64) * (1.0 - np.asarray(single_scattering_albedo))
    vertical, horizontal = (
        soil * (1.0 - reflected) + canopy * (1.0 - through) * (1.0 + reflected * through) for reflected in reflectivity
    )
    return Polarised(np.asarray(vertical), np.asarray(horizontal))
