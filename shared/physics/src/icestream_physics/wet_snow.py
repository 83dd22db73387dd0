"""Wet snow: it looks like a warm wet surface, and its depth cannot be had from microwaves."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

FloatArray = NDArray[np.float64]

_JAXA = "Kelly, JAXA AMSR2 snow depth v2 source code"
WET_SNOW_POL_19 = constant(10.0, "K", source=f"{_JAXA}, after Walker & Goodison 1993", certainty="verified")
WET_SNOW_GRADIENT = constant(
    1.0, "K", source=f"{_JAXA} asks for exactly 0, which noise never gives", certainty="design"
)
WET_SNOW_TEMPERATURE = constant(270.0, "K", source=f"{_JAXA}: no dry snow above", certainty="verified")
DRY_SNOW_37V = constant(257.0, "K", source=f"{_JAXA}: no dry snow above", certainty="verified")
SURFACE_TEMPERATURE = tuple(
    constant(value, unit, source=_JAXA, certainty="verified")
    for value, unit in ((62.4, "K"), (-0.05, "1"), (0.84, "1"), (-0.40, "1"), (0.41, "1"))
)
"""Intercept and weights of 18V, 23V, 36H, 89V."""


def kelly_surface_temperature(tb_18v: ArrayLike, tb_23v: ArrayLike, tb_36h: ArrayLike, tb_89v: ArrayLike) -> FloatArray:
    """Return the physical temperature of the surface, K, estimated from four channels (K).

    Source: Kelly, JAXA AMSR2 snow depth v2 (source code); cf. Kelly 2009, J. Remote Sens. Soc. Japan 29, 307-317.
    """
    intercept, *weights = SURFACE_TEMPERATURE
    channels = (tb_18v, tb_23v, tb_36h, tb_89v)
    weighted = (weight * np.asarray(tb, dtype=np.float64) for weight, tb in zip(weights, channels, strict=True))
    return sum(weighted, start=np.asarray(intercept, dtype=np.float64))


def wet_snow(
    tb_19v: ArrayLike,
    tb_19h: ArrayLike,
    tb_37v: ArrayLike,
    tb_37h: ArrayLike,
    tb_22v: ArrayLike | None = None,
    tb_91v: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Return where snow is wet: polarised as a wet surface is, no scattering at 37 GHz, and too warm to be dry.

    tb_* : brightness temperature, K. Too warm is a surface temperature above 270 K by `kelly_surface_temperature`, or,
           without 22 and 91 GHz, 37V above 257 K.
    Source: JAXA AMSR2 snow depth v2 after Walker & Goodison 1993, Ann. Glaciol. 17, 307-311; the gradient's tolerance
    and the temperature gate are ours. It cannot tell wet snow from a wet soil that scatters at 91 GHz.
    """
    v19, v37 = np.asarray(tb_19v, dtype=np.float64), np.asarray(tb_37v, dtype=np.float64)
    polarised = v19 - np.asarray(tb_19h, dtype=np.float64) > WET_SNOW_POL_19
    flat = np.abs(v19 - v37) <= WET_SNOW_GRADIENT
    if tb_22v is None or tb_91v is None:
        warm = v37 > DRY_SNOW_37V
    else:
        warm = kelly_surface_temperature(v19, tb_22v, tb_37h, tb_91v) > WET_SNOW_TEMPERATURE
    return np.asarray(polarised & flat & warm)
