"""Names and body of MODIS' eight-day snow extent: what mod10a2 and myd10a2 have in common.

One file a tile and eight days: `MOD10A2.A2022033.h09v05.061.2022042050729.hdf`, HDF4-EOS. The periods begin on days
1, 9, ... 361 of a year; the last is cut off by the year's end. Codes: the key in the files of collection 6.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from icestream_core.collection import Facts
from icestream_readers.dates import day_of_year
from icestream_readers.modis_name import footprint, is_digits, is_tile, produced_at

OPENER = "icestream_readers.modis_snow_file:open_file"
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


def facts(fields: Mapping[str, Any], short_name: str, platform: str) -> Facts | None:
    """Return what a name tells; None where its date begins no eight-day period or there is no such tile."""
    start, tile = day_of_year(fields["date"]), fields["tile"]
    version, produced = fields["version"], fields["produced"]
    if start is None or (start.timetuple().tm_yday - 1) % _PERIOD_DAYS or not is_tile(tile):
        return None
    if not is_digits(version, produced):
        return None
    return Facts(
        granule_id=f"{short_name}.A{fields['date']}.{tile}.{version}",
        start=start,
        end=min(start + timedelta(days=_PERIOD_DAYS), datetime(start.year + 1, 1, 1, tzinfo=UTC)),
        platform=platform,
        tile=tile,
        footprint=footprint(tile),
        produced=produced_at(produced),
    )
