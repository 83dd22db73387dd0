"""Places on land that are drawn at random: where simulated stations stand."""

from __future__ import annotations

import numpy as np

from icestream_simulator.geography import terrain
from icestream_simulator.noise import generator
from icestream_simulator.places import Places

LAND, OTHER = 0.98, 0.05
"""Share of land at least, and of forest, desert and ice at most where the land is to be open."""


def land_places(
    seed: int, name: str, count: int, *, south: float, north: float = 80.0, is_open: bool = False
) -> Places:
    """Return so many places on land between two latitudes, evenly spread over the area.

    name : of the draw: another name gives other places
    is_open : without forest, desert and ice
    """
    random = generator(seed, "places", name)
    drawn = 40 * count
    longitude = random.uniform(-180.0, 180.0, drawn)
    low, high = np.sin(np.radians([south, north]))
    latitude = np.degrees(np.arcsin(random.uniform(low, high, drawn)))
    surface = terrain(seed, longitude, latitude)
    chosen = surface.land >= LAND
    if is_open:
        chosen &= np.maximum.reduce([surface.forest, surface.desert, surface.ice]) <= OTHER
    found = np.flatnonzero(chosen)[:count]
    if found.size < count:
        raise ValueError(f"found {found.size} places of {name} on land; wanted {count}")
    return Places(seed, longitude[found], latitude[found])
