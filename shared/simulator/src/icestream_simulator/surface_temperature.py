"""Land-surface temperature as MODIS sees it between the clouds: of a tile at 1 km, or of the globe at 0.05 degree."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid, lonlat, modis_tile
from icestream_simulator import climate
from icestream_simulator.fine_snow import EARTH_RADIUS_M
from icestream_simulator.noise import FloatArray, enlarge, generator, lattice, mean, point_noise
from icestream_simulator.places import Places, cell_centres
from icestream_simulator.truth import Truth

DAY_HOUR = {"Terra": 10.5, "Aqua": 13.5}
NIGHT_HOUR = {"Terra": 22.5, "Aqua": 1.5}
"""Local solar time of the passes, hours."""
LAPSE_K_PER_M = 5.0e-3
"""Of the relief that a radiometer's footprint averages over."""
NOISE_K = 0.4
CLEAR_SHARE_BIAS = 0.0
"""Of the mean cloudiness: half of the sky is clear."""
CLOUD_WAVELENGTHS_M = (700_000.0, 200_000.0)
DOUBTFUL = 0.35
"""Of the cloudiness below the clouds: so near to one, the error is said to be at most 2 K instead of 1 K."""

Box = tuple[float, float, float, float]
WHOLE: Box = (-180.0, -90.0, 180.0, 90.0)
TILE_CELLS, TILE_EVERY = 1200, 8
GLOBE_STEP, GLOBE_EVERY = 0.05, 5
GOOD, DOUBT, CLOUD = 0b00000000, 0b01000001, 0b00000010
"""Codes of quality."""


class Half(NamedTuple):
    """One half of a day.

    kelvin : temperature, NaN where not seen
    quality : byte of MODIS
    """

    kelvin: FloatArray
    quality: NDArray[np.uint8]


class TemperatureMap:
    """Land-surface temperature of the simulated world on one grid, which is evaluated at nodes and is smooth between.

    truth : the world
    grid : of the cells
    every : cells between two nodes
    """

    def __init__(self, truth: Truth, grid: Grid, every: int) -> None:
        self._truth, self.grid, self._every = truth, grid, every
        a, _, west, _, e, north = grid.transform
        nodes = grid.model_copy(
            update={
                "name": f"{grid.name} nodes",
                "width": grid.width // every + 1,
                "height": grid.height // every + 1,
                "transform": (a * every, 0.0, west - a * every / 2, 0.0, e * every, north - e * every / 2),
            }
        )
        longitude, latitude = cell_centres(nodes)
        on_globe = np.isfinite(longitude)
        self._shape = nodes.shape
        self._places = Places(
            truth.seed, np.where(on_globe, longitude, 0.0).ravel(), np.where(on_globe, latitude, 0.0).ravel()
        )
        terrain = self._places.terrain
        self._relief = terrain.elevation - terrain.soft_elevation
        self._land = enlarge((terrain.land * on_globe.ravel()).reshape(self._shape), every) > 0.5

    def true(self, day: date, local_hour: float) -> FloatArray:
        """Return the temperature of the land, K; NaN over the sea."""
        state = self._truth.state(self._places, day, local_hour)
        kelvin = state.temperature - np.float32(LAPSE_K_PER_M) * self._relief
        fine = enlarge(np.asarray(kelvin, dtype=np.float32).reshape(self._shape), self._every)
        return np.where(self._land, fine, np.float32(np.nan))

    def seen(self, day: date, platform: str, half: str, edition: int = 0) -> Half:
        """Return what a satellite sees of the day or of the night.

        platform : Terra or Aqua
        half : Day or Night
        edition : another draw of the instrument's noise
        """
        hour = (DAY_HOUR if half == "Day" else NIGHT_HOUR)[platform]
        cloudiness = enlarge(self._cloudiness(day.toordinal() + hour / 24.0).reshape(self._shape), self._every)
        dice = generator(
            self._truth.seed, "surface temperature", self.grid.name, platform, half, day.toordinal(), edition
        )
        kelvin = self.true(day, hour) + np.float32(NOISE_K) * dice.standard_normal(self.grid.shape, dtype=np.float32)
        clouds = cloudiness > CLEAR_SHARE_BIAS
        quality = np.where(cloudiness > CLEAR_SHARE_BIAS - DOUBTFUL, np.uint8(DOUBT), np.uint8(GOOD))
        quality[clouds | ~self._land] = CLOUD
        kelvin[clouds] = np.nan
        return Half(kelvin, quality)

    def _cloudiness(self, moment: float) -> FloatArray:
        places = self._places
        latitude = np.radians(places.latitude.astype(np.float64))
        x = EARTH_RADIUS_M * np.radians(places.longitude.astype(np.float64)) * np.cos(latitude)
        y = EARTH_RADIUS_M * latitude
        number = int(moment * 2)
        noises = [
            point_noise(self._truth.seed, f"thermal cloud {number} {wavelength}", x / wavelength, y / wavelength)
            for wavelength in CLOUD_WAVELENGTHS_M
        ]
        system = places.lattice.sample(
            lattice(self._truth.seed, "cloud system", int(moment), scale=5.0),
            east=(climate.DRIFT_DEGREES_PER_DAY * moment) % 360.0,
        )
        return mean([*noises, system], [1.0, 0.6, 1.0])


def tile_temperature(truth: Truth, tile: str) -> TemperatureMap:
    """Return the map of a MODIS tile such as "h25v05" at 1 km."""
    return TemperatureMap(truth, modis_tile(tile, TILE_CELLS), TILE_EVERY)


def global_temperature(truth: Truth, box: Box = WHOLE) -> TemperatureMap:
    """Return the map of the globe at 0.05 degree, or of the part of it within a box.

    box : west, south, east, north, whole quarters of a degree
    """
    west, south, east, north = box
    width, height = round((east - west) / GLOBE_STEP), round((north - south) / GLOBE_STEP)
    return TemperatureMap(truth, lonlat("globe-005", west, north, GLOBE_STEP, width, height), GLOBE_EVERY)
