"""The surface of the ice sheets: how deep cold reaches, when it melts, how bright it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.noise import FloatArray

MELTING_K = 273.15
FIRN_SHARE = 0.35
"""Share of the surface's departure from the year's mean that a metre of firn shares: what 19 GHz sees."""
WATER_PER_K = 1.0e-3
"""Volume of water in the upper firn for each kelvin of the air above the melting point."""
MOST_WATER = 0.03
DRY_ALBEDO, WET_ALBEDO = 0.83, 0.55
DARK_WATER = 0.006
"""Water at which the firn is as dark as it becomes."""


class Firn(NamedTuple):
    """The upper firn.

    temperature : where the radiometer sees it, K
    water : over the volume of the upper layer, 0 to 0.03
    """

    temperature: FloatArray
    water: FloatArray


def firn(mean_temperature: FloatArray, surface_temperature: FloatArray) -> Firn:
    """Return the firn below a surface.

    mean_temperature : of the year, K
    surface_temperature : of the air that touches it, K, not held at the melting point
    """
    deep = mean_temperature + FIRN_SHARE * (surface_temperature - mean_temperature)
    water = np.clip(WATER_PER_K * (surface_temperature - MELTING_K), 0.0, MOST_WATER)
    return Firn(np.minimum(_float(deep), np.float32(MELTING_K)), _float(water))


def firn_albedo(water: NDArray[np.floating]) -> FloatArray:
    """Return the shortwave albedo of firn, 0 to 1. water : over the volume of the upper layer"""
    share = np.clip(np.asarray(water) / DARK_WATER, 0.0, 1.0)
    return _float(DRY_ALBEDO + share * (WET_ALBEDO - DRY_ALBEDO))


def _float(values: NDArray[np.floating]) -> FloatArray:
    return np.asarray(values, dtype=np.float32)
