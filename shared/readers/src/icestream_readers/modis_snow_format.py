"""Names and body of MODIS' eight-day snow extent: what mod10a2 and myd10a2 have in common.

One file a tile and eight days: `MOD10A2.A2022033.h09v05.061.2022042050729.hdf`, HDF4-EOS. The periods begin on days
1, 9, ... 361 of a year; the last is cut off by the year's end. Codes: the key in the files of collection 6.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from icestream_core.collection import Facts
from icestream_readers.dates import day_of_year

OPENER = "icestream_readers.modis_snow_file:open_file"
MEDIA_TYPE = "application/x-hdf"
DATASET = "Maximum_Snow_Extent"
VARIABLE = "snow_extent"
CELLS = 2400
"""Cells along a side of a tile."""

CODES: Mapping[int, str] = {
    0: "missing",
    1: "no_decision",
    11: "night",
    25: "no_snow",
    37: "lake",
    39: "ocean",
    50: "cloud",
    100: "lake_ice",
    200: "snow",
    254: "detector_saturated",
    255: "fill",
}

_PERIOD_DAYS = 8
_TILE = re.compile(r"h(\d\d)v(\d\d)", re.ASCII)
_TILE_DEGREES = 10.0


def pattern(short_name: str) -> str:
    """Return the pattern of file names. short_name : MOD10A2 or MYD10A2"""
    return short_name + ".A{date:7s}.{tile:6s}.{version:3s}.{produced:13s}.hdf"


def facts(fields: Mapping[str, Any], short_name: str, platform: str) -> Facts | None:
    """Return what a name tells; None where its date begins no eight-day period or there is no such tile."""
    start, tile = day_of_year(fields["date"]), fields["tile"]
    version, produced = fields["version"], fields["produced"]
    if start is None or (start.timetuple().tm_yday - 1) % _PERIOD_DAYS or not is_tile(tile):
        return None
    if not (version + produced).isascii() or not (version + produced).isdecimal():
        return None
    return Facts(
        granule_id=f"{short_name}.A{fields['date']}.{tile}.{version}",
        start=start,
        end=min(start + timedelta(days=_PERIOD_DAYS), datetime(start.year + 1, 1, 1, tzinfo=UTC)),
        platform=platform,
        tile=tile,
        footprint=footprint(tile),
        produced=_produced(produced),
    )


def _produced(stamp: str) -> datetime | None:
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
