"""Cloud removal and combination of eight-day snow extents of Terra and Aqua, after Muhammad & Thapa (2020)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

NO_SNOW, CLOUD, SNOW = 25, 50, 200
ONE_SENSOR_SNOW = -200

CLOUD_CODES = (0, 1, 11, 50, 254, 255)
NO_SNOW_CODES = (25, 37, 39)
SNOW_CODES = (100, 200)
"""Codes of MOD10A2's Maximum_Snow_Extent: missing, no decision, night, cloud, detector saturated, fill; land, lake,
ocean; lake ice, snow."""

TEMPORAL_ORDER = (1, -1, 2, -2)
"""Which neighbouring composite fills a cloud first, in steps of eight days."""

PASSES = 3
"""How often the spatial filter runs."""

Classes = NDArray[np.uint8]


def recode(extent: Classes) -> Classes:
    """Return the three classes (25 no snow, 50 cloud or unknown, 200 snow or lake ice) of MOD10A2's codes.

    extent : Maximum_Snow_Extent
    Source: Muhammad & Thapa 2020, doi:10.5194/essd-12-345-2020, and the authors' code. A code that the product does not
    define counts as cloud.
    """
    table = np.full(256, CLOUD, dtype=np.uint8)
    table[list(NO_SNOW_CODES)] = NO_SNOW
    table[list(SNOW_CODES)] = SNOW
    return table[extent]


def temporal_filter(composites: Mapping[int, Classes]) -> Classes:
    """Return the composite of step 0, a cloudy cell taking the first clear value of t+1, t-1, t+2, t-2.

    composites : classes by step of eight days; step 0 must be there, a missing neighbour is as if cloudy
    Source: the ten cases of Muhammad & Thapa 2020 reduce to this order.
    """
    filled = composites[0].copy()
    for step in TEMPORAL_ORDER:
        if step in composites:
            cloudy = filled == CLOUD
            filled[cloudy] = composites[step][cloudy]
    return filled


def spatial_filter(classes: Classes, passes: int = PASSES) -> Classes:
    """Return the classes, cloudy cells taking the commoner of their clear 3 x 3 neighbours, so many times over.

    A cell whose neighbours are all cloudy stays so. A tie is no snow: the authors' code draws lots (designed).
    Source: Muhammad & Thapa 2020, three passes.
    """
    filled = classes.copy()
    for _ in range(passes):
        cloudy = filled == CLOUD
        if not cloudy.any():
            break
        snow = _neighbours(filled == SNOW)
        clear = _neighbours(filled == NO_SNOW)
        filled[cloudy & (snow > clear)] = SNOW
        filled[cloudy & (snow <= clear) & (clear > 0)] = NO_SNOW
    return filled


def combine(terra: Classes, aqua: Classes) -> NDArray[np.int16]:
    """Return 200 where both saw snow, -200 where one did, 50 where both saw cloud, else 25.

    Source: Muhammad & Thapa 2020.
    """
    one, other = terra == SNOW, aqua == SNOW
    combined = np.full(terra.shape, NO_SNOW, dtype=np.int16)
    combined[(terra == CLOUD) & (aqua == CLOUD)] = CLOUD
    combined[one ^ other] = ONE_SENSOR_SNOW
    combined[one & other] = SNOW
    return combined


def _neighbours(where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how many of the cells of each 3 x 3 window hold; outside the tile there are none."""
    padded = np.pad(where, 1).astype(np.uint8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])
