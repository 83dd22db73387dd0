"""Names of MODIS files and the tiles of its sinusoidal grid: what the products of several teams have in common.

`MOD10A2.A2022033.h09v05.061.2022042050729.hdf`: product, first day, tile, collection, time of production. Global files
have no tile.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

MEDIA_TYPE = "application/x-hdf"
_TILE = re.compile(r"h(\d\d)v(\d\d)", re.ASCII)
_TILE_DEGREES = 10.0


def pattern(short_name: str, *, tiled: bool = True) -> str:
    """Return the pattern of file names. short_name : MOD10A2 or MYD10A2"""
    return short_name + ".A{date:7s}" + (".{tile:6s}" if tiled else "") + ".{version:3s}.{produced:13s}.hdf"


def is_digits(*words: str) -> bool:
    """Whether all these are written in the ten digits alone."""
    return all(word.isascii() and word.isdecimal() for word in words)


def produced_at(stamp: str) -> datetime | None:
    """Return the time of production of a stamp of year, day, hour, minute and second; None where it is no time."""
    try:
        return datetime.strptime(stamp, "%Y%j%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def is_tile(tile: str) -> bool:
    """Whether there is such a tile: h00v00 to h35v17."""
    found = _TILE.fullmatch(tile)
    return found is not None and int(found[1]) < 36 and int(found[2]) < 18


def footprint(tile: str) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of a tile, degrees; None for one that lies off the globe altogether.

    In the sinusoidal projection x is longitude times cos(latitude), so a tile's edges lean.
    """
    horizontal, vertical = int(tile[1:3]), int(tile[4:6])
    north = 90.0 - _TILE_DEGREES * vertical
    south = north - _TILE_DEGREES
    left, right = _TILE_DEGREES * (horizontal - 18), _TILE_DEGREES * (horizontal - 17)
    narrow, wide = sorted(math.cos(math.radians(latitude)) for latitude in (south, north))
    # cos(90 degrees) is 6e-17 and not nought, so no division fails; what it gives is cut off at the globe's edge.
    west = max(left / (narrow if left < 0 else wide), -180.0)
    east = min(right / (narrow if right > 0 else wide), 180.0)
    return (west, south, east, north) if west < east else None
