"""Which cells a radiometer sees on its ascending or descending half-orbits of a day, and when."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.noise import FloatArray
from icestream_simulator.radiometer import Pass, Radiometer

EARTH_RADIUS_KM = 6371.0
DAY_MINUTES = 1440.0


class Seen(NamedTuple):
    """What a day's passes see.

    seen : whether any swath covers the place
    minute : of the day, UTC, of the first swath that does; meaningless where none does
    """

    seen: NDArray[np.bool_]
    minute: NDArray[np.int16]


class HalfOrbits:
    """All half-orbits of one direction of one radiometer, over some places.

    longitude, latitude : degrees, one-dimensional
    """

    def __init__(self, radiometer: Radiometer, half_orbit: Pass, longitude: FloatArray, latitude: FloatArray) -> None:
        self._radiometer, self._half_orbit = radiometer, half_orbit
        direction = 1.0 if half_orbit == "A" else -1.0
        sine = np.sin(np.radians(latitude)) / np.sin(np.radians(radiometer.inclination))
        phase = np.arcsin(np.clip(sine, -1.0, 1.0))
        self._minutes_after_equator = direction * phase / (2.0 * np.pi) * radiometer.period
        # The Earth turns under the orbit; turned back, the track is a great circle. A descending one is an ascending
        # one with north and south exchanged.
        turned = np.radians(longitude + 360.0 / DAY_MINUTES * self._minutes_after_equator)
        cosine = np.cos(np.radians(latitude))
        self._place = np.stack(
            [cosine * np.cos(turned), cosine * np.sin(turned), direction * np.sin(np.radians(latitude))]
        ).astype(np.float32)

    def on(self, day: date) -> Seen:
        """Return what the passes of a day see."""
        period = self._radiometer.period
        start = day.toordinal() * DAY_MINUTES
        first = int(np.ceil(start / period))
        crossings = np.arange(first, int(np.ceil((start + DAY_MINUTES) / period))) * period - start
        node = np.radians(15.0 * (self._radiometer.local_hour(self._half_orbit) - crossings / 60.0))
        inclination = np.radians(self._radiometer.inclination)
        half_swath = np.float32(np.sin(self._radiometer.swath / 2.0 / EARTH_RADIUS_KM))
        seen = np.zeros(self._place.shape[1], dtype=bool)
        minute = np.zeros(self._place.shape[1], dtype=np.float32)
        for crossing, longitude in zip(crossings, node, strict=True):
            along = np.array([np.cos(longitude), np.sin(longitude), 0.0], dtype=np.float32)
            pole = np.sin(inclination) * np.array([along[1], -along[0], 0.0]) + [0.0, 0.0, np.cos(inclination)]
            new = np.abs(pole.astype(np.float32) @ self._place) < half_swath
            new &= ~seen
            new &= along @ self._place > 0.0
            minute[new] = crossing
            seen |= new
        minute += self._minutes_after_equator
        return Seen(seen, np.clip(np.rint(minute), 0, DAY_MINUTES - 1).astype(np.int16))
