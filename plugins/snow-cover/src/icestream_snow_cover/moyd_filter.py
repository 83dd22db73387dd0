"""Cloud removal and combination of eight-day snow extents of Terra and Aqua, after Muhammad & Thapa (2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

NO_SNOW, CLOUD, SNOW = 25, 50, 200
ONE_SENSOR_SNOW = -200

FILL = 255
CLOUD_CODES = (0, 1, 11, 50, 254, FILL)
NO_SNOW_CODES = (25, 37, 39)
SNOW_CODES = (100, 200)
"""Codes of MOD10A2's Maximum_Snow_Extent: missing, no decision, night, cloud, detector saturated, fill; land, lake,
ocean; lake ice, snow."""

TEMPORAL_ORDER = (1, -1, 2, -2)
"""Which neighbouring composite fills a cloud first, in steps of eight days."""

PASSES = 3
"""How often the spatial filter runs."""

Classes = NDArray[np.uint8]


class Composite(NamedTuple):
    """The composite of one sensor: classes as they came, and after both filters."""

    original: Classes
    clear: Classes


def remove_clouds(extent: xr.Dataset | None) -> Composite | None:
    """Return the composite of step 0 of one sensor; None where it did not come.

    extent : `snow_extent` on dims (step, y, x), steps of eight days; all NaN in a step that did not come
    """
    if extent is None:
        return None
    given = {int(step): codes.values for step, codes in zip(extent["step"].values, extent["snow_extent"], strict=True)}
    composites = {step: recode(codes) for step, codes in given.items() if not _did_not_come(codes)}
    if 0 not in composites:
        return None
    return Composite(composites[0], spatial_filter(temporal_filter(composites)))


def _did_not_come(codes: NDArray[np.generic]) -> bool:
    return codes.dtype.kind == "f" and bool(np.isnan(codes).all())


def recode(extent: NDArray[np.generic]) -> Classes:
    """Return the three classes (25 no snow, 50 cloud or unknown, 200 snow or lake ice) of MOD10A2's codes.

    extent : Maximum_Snow_Extent, 0 to 255, as whole numbers or as floats with NaN for missing
    Source: Muhammad & Thapa 2020, doi:10.5194/essd-12-345-2020, and the authors' code. A code that the product does not
    define counts as cloud.
    """
    table = np.full(256, CLOUD, dtype=np.uint8)
    table[list(NO_SNOW_CODES)] = NO_SNOW
    table[list(SNOW_CODES)] = SNOW
    codes = np.where(np.isnan(extent), FILL, extent) if extent.dtype.kind == "f" else extent
    return table[codes.astype(np.uint8, copy=False)]


def temporal_filter(composites: Mapping[int, Classes]) -> Classes:
    """Return the composite of step 0, a cloudy cell taking the first clear value of t+1, t-1, t+2, t-2.

    composites : classes by step of eight days; step 0 must be there, a missing neighbour is as if cloudy
    Source: the ten cases of Muhammad & Thapa 2020 reduce to this order.
    """
    filled = composites[0].copy()
    for step in TEMPORAL_ORDER:
        if step in composites:
            np.copyto(filled, composites[step], where=filled == CLOUD)
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
