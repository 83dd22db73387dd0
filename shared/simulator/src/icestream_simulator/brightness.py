"""What a radiometer measures of the world: brightness temperatures of each channel, noise included."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from icestream_physics.forward import (
    Surface,
    forest_brightness_temperature,
    rain_brightness_temperature,
    snowpack_brightness_temperature,
    surface_brightness_temperature,
)
from icestream_physics.wet_firn import wet_firn_brightness_temperature
from icestream_simulator.geography import Terrain
from icestream_simulator.ice_sheet import MELTING_K
from icestream_simulator.noise import FloatArray, generator
from icestream_simulator.radiometer import Channel, Radiometer
from icestream_simulator.truth import State

FULL_COVER_M = 0.03
"""Less snow than this lies in patches of this depth, with bare ground between."""
COLDEST_SNOW_K, WARMEST_SNOW_K = 235.0, 273.0
"""Where the snow table ends. Colder snow is taken to have the emissivity of the coldest."""
GROUND = (Surface.VEGETATION, Surface.FROZEN_GROUND, Surface.PLATEAU_FROZEN_GROUND)
RAIN_K = 2.0


def observe(
    state: State,
    terrain: Terrain,
    radiometer: Radiometer,
    seed: int,
    name: str,
    labels: Collection[str] | None = None,
) -> Mapping[str, FloatArray]:
    """Return what the radiometer measures at the places, K, by channel label.

    name : of the granule: its noise is drawn by it
    labels : of the channels wanted; all by default
    """
    scene = _Scene(state, terrain)
    return {
        channel.label: scene.see(channel) + radiometer.noise * _noise(seed, name, channel, scene.size)
        for channel in radiometer.channels
        if labels is None or channel.label in labels
    }


class _Scene:
    """The world sorted by what covers it, so that each formula runs only where it is meant."""

    def __init__(self, state: State, terrain: Terrain) -> None:
        self._state, self._terrain = state, terrain
        self.size = state.depth.size
        self._land = np.flatnonzero(terrain.land > 0.0)
        self._sea = np.flatnonzero(terrain.land < 1.0)
        depth = state.depth[self._land]
        self._temperature = state.temperature[self._land]
        frozen = state.frozen[self._land]
        self._ground = np.where(frozen, np.where(terrain.plateau[self._land], 2, 1), 0)
        self._dry = np.flatnonzero((depth > 0.001) & ~state.wet[self._land])
        self._wet = np.flatnonzero((depth > 0.001) & state.wet[self._land])
        self._rain = np.flatnonzero(state.rain[self._land] > RAIN_K)
        self._desert = np.flatnonzero(terrain.desert[self._land] > 0.0)
        self._ice = np.flatnonzero(terrain.ice[self._land] > 0.0)
        self._forest = np.flatnonzero(terrain.forest[self._land] > 0.0)

    def see(self, channel: Channel) -> FloatArray:
        """Return the brightness temperature of one channel at all places, K, without noise."""
        land = self._see_land(channel)
        seen = np.zeros(self.size, dtype=np.float32)
        seen[self._land] = land
        seen[self._sea] *= self._terrain.land[self._sea]
        seen[self._sea] += (1.0 - self._terrain.land[self._sea]) * self._see_sea(channel)
        return seen

    def _see_land(self, channel: Channel) -> NDArray[np.float64]:
        temperature = self._temperature.astype(np.float64)
        seen = np.array([_emissivity(surface, channel) for surface in GROUND])[self._ground] * temperature
        self._mix(seen, self._desert, self._terrain.desert, _emissivity(Surface.DESERT, channel) * temperature)
        rain = self._rain
        seen[rain] = rain_brightness_temperature(
            temperature[rain], self._state.rain[self._land][rain], channel.frequency, channel.polarisation
        )
        depth = self._state.depth[self._land].astype(np.float64)
        cover = np.minimum(depth / FULL_COVER_M, 1.0)
        dry, wet = self._dry, self._wet
        snow = self._see_dry_snow(channel, np.maximum(depth[dry], FULL_COVER_M), temperature[dry])
        seen[dry] += cover[dry] * (snow - seen[dry])
        seen[wet] += cover[wet] * (_emissivity(Surface.WET_SNOW, channel) * temperature[wet] - seen[wet])
        seen[self._ice] += self._terrain.ice[self._land][self._ice] * (self._see_firn(channel) - seen[self._ice])
        forest = self._forest
        seen[forest] = forest_brightness_temperature(
            seen[forest], self._terrain.forest[self._land][forest], temperature[forest]
        )
        return seen

    def _see_dry_snow(
        self, channel: Channel, depth: NDArray[np.float64], temperature: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        within = np.clip(temperature, COLDEST_SNOW_K, WARMEST_SNOW_K)
        radius = self._state.grain_radius[self._land][self._dry]
        seen = snowpack_brightness_temperature(depth, radius, within, channel.frequency, channel.polarisation)
        return seen * (temperature / within)

    def _see_firn(self, channel: Channel) -> NDArray[np.float64]:
        """Return dry firn by its emissivity, and what water adds to it by SMRT, but no more than a black surface."""
        temperature, water = (
            values[self._land][self._ice].astype(np.float64)
            for values in (self._state.firn_temperature, self._state.firn_water)
        )
        seen = _emissivity(Surface.ICE_SHEET, channel) * temperature
        wet = np.flatnonzero(water > 0.0)
        of_water = partial(
            wet_firn_brightness_temperature, frequency=channel.frequency, polarisation=channel.polarisation
        )
        seen[wet] = np.minimum(seen[wet] + of_water(water[wet]) - of_water(0.0), MELTING_K)
        return seen

    def _see_sea(self, channel: Channel) -> NDArray[np.float64]:
        water = _emissivity(Surface.WATER, channel) * self._state.water_temperature[self._sea]
        ice = _emissivity(Surface.FROZEN_GROUND, channel) * self._state.temperature[self._sea]
        share = self._state.sea_ice[self._sea]
        return np.asarray(water + share * (ice - water), dtype=np.float64)

    def _mix(
        self, seen: NDArray[np.float64], where: NDArray[np.intp], share: FloatArray, other: NDArray[np.float64]
    ) -> None:
        part = share[self._land][where]
        seen[where] += part * (other[where] - seen[where])


def _noise(seed: int, name: str, channel: Channel, size: int) -> FloatArray:
    return generator(seed, "noise", name, channel.label).standard_normal(size, dtype=np.float32)


def _emissivity(surface: Surface, channel: Channel) -> float:
    return float(surface_brightness_temperature(surface, 1.0, channel.frequency, channel.polarisation))
