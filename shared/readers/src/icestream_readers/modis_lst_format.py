"""Names and layers of MODIS' daily land-surface temperature: what mod11a1, myd11a1 and myd11c1 have in common.

Each file holds a day and a night: a temperature in fiftieths of a kelvin, and a byte of quality. Bits 0 and 1 of the
quality: produced well (00), produced, see the others (01), not produced for cloud (10) or for another reason (11). Bits
6 and 7: the mean error of the temperature is at most 1 K (00), 2 K (01), 3 K (10), or more (11). Tiles also tell the
local solar time of each view, in tenths of an hour. (MODIS LST user guides. A real granule of MOD11B2 has the same
layers at 6 km, but for the time: it says tenths of an hour, and its numbers, 50 to 59 for the morning, are fifths.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from icestream_core.collection import Facts
from icestream_core.grid import lonlat
from icestream_readers.dates import day_of_year
from icestream_readers.modis_name import footprint, is_digits, is_tile, produced_at

TILE_OPENER = "icestream_readers.modis_lst_file:open_tile"
GLOBAL_OPENER = "icestream_readers.modis_lst_file:open_global"
CELLS = 1200
"""Cells along a side of a tile at 1 km."""
CMG_005 = lonlat("modis-cmg-005", -180.0, 90.0, 0.05, 7200, 3600)
"""The climate modelling grid of 0.05 degree."""
HALVES = ("Day", "Night")
KELVIN, COLDEST_COUNT, NOT_PRODUCED = 0.02, 7500, 0
LARGEST_ERROR: Mapping[int, float] = {0: 1.0, 1: 2.0, 2: 3.0}
"""K, by bits 6 and 7; no limit is stated for 3."""
VIEW_HOUR, NO_VIEW = 0.1, 255


class Layers(NamedTuple):
    """How a product calls its layers: the suffix of temperatures, and whether it tells the solar time of view."""

    suffix: str
    view_time: bool


TILE_LAYERS = Layers("1km", view_time=True)
GLOBAL_LAYERS = Layers("CMG", view_time=False)


def grid_name(layers: Layers, half: str) -> str:
    """Return the name of a temperature. half : Day or Night"""
    return f"LST_{half}_{layers.suffix}"


def facts(fields: Mapping[str, Any], short_name: str, platform: str) -> Facts | None:
    """Return what a name tells; None where its date is no day or there is no such tile."""
    start, tile = day_of_year(fields["date"]), str(fields.get("tile", ""))
    version, produced = fields["version"], fields["produced"]
    if start is None or ("tile" in fields and not is_tile(tile)) or not is_digits(version, produced):
        return None
    return Facts(
        granule_id=".".join(word for word in (short_name, f"A{fields['date']}", tile, version) if word),
        start=start,
        end=start + timedelta(days=1),
        platform=platform,
        tile=tile,
        footprint=footprint(tile) if tile else CMG_005.bounds,
        produced=produced_at(produced),
    )
