"""glass-albedo: GLASS broadband albedo of eight days at 0.05 degree, from AVHRR (1981) and MODIS (2000 on), HDF4-EOS.

One global file each eight days: `GLASS02B06.V04.A2014025.2019353.hdf` of MODIS, GLASS02B05 of AVHRR. Archives also keep
them without the day of production, and that is read too. Periods begin on days 1, 9, ... 361. The names are those that
NASA's Land Information System and users of the files write; the 1 km tiles (GLASS02A06) are another product.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from icestream_core.collection import Collection, Facts
from icestream_core.grid import lonlat
from icestream_readers.dates import day_of_year

SENSORS: Mapping[str, str] = {"AVHRR": "avhrr", "MODIS": "modis"}
GRIDS: Mapping[str, str] = {"GLASS02B05": "AVHRR", "GLASS02B06": "MODIS"}
"""What observed, by the word that file names and HDF-EOS grids begin with."""

GRID = lonlat("glass-005", -180.0, 90.0, 0.05, 7200, 3600)
LAYERS: Mapping[str, str] = {
    "black_sky_albedo": "ABD_BSA_shortwave",
    "white_sky_albedo": "ABD_WSA_shortwave",
}
SCALE = 0.0001
LARGEST = 10_000
"""Counts from 0 to this are albedo; all others (-1, 32767) are missing."""

PERIOD_DAYS = 8


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """Return what a name tells; None where its day begins no eight-day period or it is of another product."""
    start, version, produced = day_of_year(fields["date"]), fields["version"], fields.get("produced")
    if (
        fields["grid"] not in GRIDS
        or start is None
        or (start.timetuple().tm_yday - 1) % PERIOD_DAYS
        or not (version.isascii() and version.isdecimal())
    ):
        return None
    made = None if produced is None else day_of_year(produced)
    if produced is not None and made is None:
        return None
    return Facts(
        granule_id=f"{fields['grid']}.V{version}.A{fields['date']}",
        start=start,
        end=min(start + timedelta(days=PERIOD_DAYS), datetime(start.year + 1, 1, 1, tzinfo=UTC)),
        platform=GRIDS[fields["grid"]],
        footprint=(-180.0, -90.0, 180.0, 90.0),
        produced=made,
    )


_STEM = "{grid:10s}.V{version:2s}.A{date:7s}"

GLASS_ALBEDO = Collection(
    name="glass-albedo",
    title="GLASS Broadband Albedo, 8-Day, 0.05 Degree",
    sensor="modis",
    sensors=SENSORS,
    patterns=(_STEM + ".{produced:7s}.hdf", _STEM + ".hdf"),
    facts=facts,
    opener="icestream_readers.glass_albedo_file:open_file",
    media_type="application/x-hdf",
    licence="GLASS: free for research, with citation",
)
