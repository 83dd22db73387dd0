"""Relief and drifts: how snow differs within a radiometer's footprint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.geography import Terrain
from icestream_simulator.noise import FloatArray, mean, point_noise, value_noise

EARTH_RADIUS_M = 6_371_007.181
"""Of the sphere of the MODIS sinusoidal grid, whose metres the patterns are laid out in."""
WAVELENGTHS_M = (30_000.0, 9_000.0, 2_500.0, 1_000.0)
WEIGHTS = (1.0, 0.8, 0.6, 0.5)
DRIFT_SPREAD = 0.85
"""Standard deviation of the logarithm of depth within a footprint."""
RELIEF_PER_M = 1.5e-3
"""Growth of the logarithm of depth with height above the surroundings, m-1."""
SMALLEST, LARGEST = 0.03, 8.0


def fine_factor(
    seed: int, longitude: FloatArray, latitude: FloatArray, surface: Terrain, shortest_m: float = 8_000.0
) -> FloatArray:
    """Return the fine depth over that of the footprint at scattered places; about 1 on average.

    longitude, latitude : degrees
    shortest_m : shorter patterns than this average out within a cell
    """
    radians = np.radians(latitude.astype(np.float64))
    x, y = EARTH_RADIUS_M * np.radians(longitude.astype(np.float64)) * np.cos(radians), EARTH_RADIUS_M * radians
    chosen = [n for n, wavelength in enumerate(WAVELENGTHS_M) if wavelength >= shortest_m]
    noises = [point_noise(seed, f"drift {n}", x / WAVELENGTHS_M[n], y / WAVELENGTHS_M[n]) for n in chosen]
    whole = np.float32(np.linalg.norm([WEIGHTS[n] for n in chosen]) / np.linalg.norm(WEIGHTS))
    return _factor(whole * mean(noises, [WEIGHTS[n] for n in chosen]), surface.elevation - surface.soft_elevation)


def fine_factor_on_sinusoidal(
    seed: int, x: NDArray[np.floating], y: NDArray[np.floating], height_above_surroundings: FloatArray
) -> FloatArray:
    """Return the fine depth over that of the footprint on a regular sinusoidal grid, shape (len(y), len(x)).

    x, y : m
    """
    noises = [value_noise(seed, f"drift {n}", x / w, y / w) for n, w in enumerate(WAVELENGTHS_M)]
    return _factor(mean(noises, WEIGHTS), height_above_surroundings)


def _factor(noise: FloatArray, height: FloatArray) -> FloatArray:
    exponent = np.float32(DRIFT_SPREAD) * noise + np.float32(RELIEF_PER_M) * height
    factor: FloatArray = np.exp(exponent - np.float32(0.5 * DRIFT_SPREAD**2))
    return np.clip(factor, np.float32(SMALLEST), np.float32(LARGEST))
