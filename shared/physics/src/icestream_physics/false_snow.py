"""Frozen ground of the Tibetan Plateau that looks like snow."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

_JAXA = "Kelly, JAXA AMSR2 snow depth v2 source code"
FALSE_SNOW_RATIO = constant(1.03, "1", source=f"Tsutsui & Koike 2012, as in {_JAXA}", certainty="verified")
PLATEAU_ELEVATION = constant(2500.0, "m", source=_JAXA, certainty="verified")
PLATEAU_LATITUDE = (27.0, 40.0)
PLATEAU_LONGITUDE = (70.0, 105.0)


def in_plateau_box(latitude: ArrayLike, longitude: ArrayLike) -> NDArray[np.bool_]:
    """Return what lies in the box of the Tibetan Plateau, 27-40 N, 70-105 E (degrees)."""
    return np.asarray(_between(latitude, PLATEAU_LATITUDE) & _between(longitude, PLATEAU_LONGITUDE))


def tsutsui_koike_2012(
    tb_18v: ArrayLike,
    tb_36v: ArrayLike,
    tb_89v: ArrayLike,
    elevation: ArrayLike,
    latitude: ArrayLike,
    longitude: ArrayLike,
) -> NDArray[np.bool_]:
    """Return where frozen ground of the Tibetan Plateau (70-105 E, 27-40 N, above 2500 m) passes for snow.

    Thin snow darkens 89 GHz far more than 36 GHz; frozen soil darkens both by about as much. Deep coarse snow does so
    too, and is lost with it.

    tb_*                : brightness temperature, vertical polarisation, K
    elevation           : m
    latitude, longitude : degrees, longitude from -180 to 180
    Source: Tsutsui & Koike 2012, J. Meteorol. Soc. Japan 90C, 99-112, as run in the JAXA AMSR2 snow depth v2.
    """
    v36 = np.asarray(tb_36v, dtype=np.float64)
    ratio = (v36 / np.asarray(tb_89v, dtype=np.float64)) / (np.asarray(tb_18v, dtype=np.float64) / v36)
    high = np.asarray(elevation, dtype=np.float64) > PLATEAU_ELEVATION
    return np.asarray(in_plateau_box(latitude, longitude) & high & (ratio < FALSE_SNOW_RATIO))


def _between(values: ArrayLike, bounds: tuple[float, float]) -> NDArray[np.bool_]:
    array = np.asarray(values, dtype=np.float64)
    return (array > bounds[0]) & (array < bounds[1])
