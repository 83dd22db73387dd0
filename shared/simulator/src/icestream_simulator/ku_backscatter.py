"""What a Ku-band radar receives back: ground below snow or firn that scatters by its grains and absorbs by its water.

A cloud model: one layer of Rayleigh scatterers over what lies below (Ulaby & Stiles 1980, J. Geophys. Res. 85,
1045-1049), with the absorption of wet snow by Hallikainen et al. 1986. It tells by how much water darkens snow;
the levels of bare surfaces are typical ones, drawn up for this world.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.geography import Terrain
from icestream_simulator.noise import FloatArray
from icestream_simulator.truth import State

FREQUENCY_GHZ: Final = 13.4
WAVE_NUMBER: Final = 2.0 * np.pi * FREQUENCY_GHZ * 1e9 / 2.998e8
"""m-1."""
ICE_SHARE: Final = 0.28
"""Of the snow's volume: 260 kg m-3."""
CLAUSIUS_MOSSOTTI: Final = ((3.17 - 1.0) / (3.17 + 2.0)) ** 2
DRY_ABSORPTION: Final = 0.02
"""m-1, of dry snow."""
SNOW_REFRACTION: Final = 1.24
RELAXATION_GHZ: Final = 9.07
SNOW_WATER: Final = 0.02
"""Of wet snow on the ground, over its volume."""
FIRN_DEPTH, FIRN_RADIUS, WET_FIRN_DEPTH = 10.0, 0.5e-3, 0.10
"""m."""
FROZEN_DB, THAWED_DB, FOREST_DB, SEA_DB, ICE_DB, WET_SURFACE_DB = -13.0, -10.5, -8.5, -16.0, -14.0, -18.0


def backscatter(state: State, terrain: Terrain, incidence: float) -> FloatArray:
    """Return the normalised backscatter of places, dB.

    incidence : degrees
    """
    cosine = float(np.cos(np.radians(incidence)))
    ground = np.where(state.frozen, _linear(FROZEN_DB), _linear(THAWED_DB))
    snowy = state.depth > 0.0
    water = np.where(state.wet, SNOW_WATER, 0.0)
    open_land = np.where(snowy, through(state.depth, state.grain_radius, water, ground, cosine), ground)
    land = terrain.forest * _linear(FOREST_DB) + (1.0 - terrain.forest) * open_land
    dry = through(np.full_like(land, FIRN_DEPTH), FIRN_RADIUS, 0.0, 0.0, cosine)
    firn = through(np.full_like(land, WET_FIRN_DEPTH), FIRN_RADIUS, state.firn_water, dry, cosine)
    land = terrain.ice * firn + (1.0 - terrain.ice) * land
    sea = state.sea_ice * _linear(ICE_DB) + (1.0 - state.sea_ice) * _linear(SEA_DB)
    return np.asarray(10.0 * np.log10(terrain.land * land + (1.0 - terrain.land) * sea), np.float32)


def through(
    depth: NDArray[np.floating],
    radius: NDArray[np.floating] | float,
    water: NDArray[np.floating] | float,
    below: NDArray[np.floating] | float,
    cosine: float,
) -> NDArray[np.float64]:
    """Return the backscatter of a layer of snow and of what lies below it, a share of the power.

    depth, radius : of the layer and of its grains, m
    water : over the layer's volume, 0 to 0.03
    below : backscatter of what lies below, a share of the power
    cosine : of the angle of incidence
    """
    grains, wet = np.asarray(radius, np.float64), np.asarray(water, np.float64)
    scattering = 2.0 * ICE_SHARE * WAVE_NUMBER**4 * grains**3 * CLAUSIUS_MOSSOTTI
    lost = scattering + absorption(wet)
    two_ways = np.exp(-2.0 * lost * np.asarray(depth, np.float64) / cosine)
    volume = 0.75 * scattering / lost * cosine * (1.0 - two_ways)
    surface = np.where(wet > 0.0, _linear(WET_SURFACE_DB), 0.0)
    return np.asarray(surface + volume + two_ways * below)


def absorption(water: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the power that snow absorbs, m-1.

    water : over the snow's volume, 0 to 0.12
    Source: Hallikainen, Ulaby & Abdelrazik 1986, IEEE Trans. Antennas Propag. 34, 1329-1340: loss 0.073 f/f0 m^1.31
    over 1 + (f/f0)^2, m in % and f0 of 9.07 GHz.
    """
    ratio = FREQUENCY_GHZ / RELAXATION_GHZ
    loss = 0.073 * ratio * (100.0 * np.asarray(water, np.float64)) ** 1.31 / (1.0 + ratio**2)
    return np.asarray(DRY_ABSORPTION + WAVE_NUMBER * loss / SNOW_REFRACTION)


def _linear(decibel: float) -> float:
    return float(10.0 ** (decibel / 10.0))
