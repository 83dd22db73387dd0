"""amsr2-l3-tb: brightness temperatures of AMSR2 on GCOM-W1, daily, JAXA's level 3 in HDF5, from July 2012.

One file a day, grid, pass and frequency, both polarisations in it: `GW1AM2_20160301_01D_EQMD_L3SGT18HA2220220.h5` is
the daily mean of the descending pass at 18.7 GHz on the equirectangular grid. The letter after the frequency is the
resolution, not a polarisation: L 0.25 degree (25 km polar), H 0.1 degree (10 km polar). Monthly files and files that
keep the last pass instead of the mean (EQO) are other products. EQ rows run from north to south; columns are seen to
begin at 0 degrees east in other readers of these files, and the format's description was not to be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from icestream_core.collection import Collection, Facts
from icestream_core.grid import Grid, lonlat
from icestream_readers.dates import calendar_day

FREQUENCIES: Mapping[str, tuple[str, float]] = {
    "06": ("06", 6.925),
    "07": ("07", 7.3),
    "10": ("10", 10.65),
    "18": ("19", 18.7),
    "23": ("22", 23.8),
    "36": ("37", 36.5),
    "89": ("91", 89.0),
}
"""Our band and its frequency, GHz, by the frequency that the file name writes: one band has one name on all sensors."""

GRIDS: Mapping[str, Grid] = {
    "eq25": lonlat("amsr2-eq25", -180.0, 90.0, 0.25, 1440, 720),
    "eq10": lonlat("amsr2-eq10", -180.0, 90.0, 0.1, 3600, 1800),
}
"""The grids that are given, whatever the longitude at which the file's first column begins."""

POLAR = ("pn25", "pn10", "ps25", "ps10")
"""Recognised and refused: their exact definition could not be verified."""

DATASETS: Mapping[str, str] = {"h": "Brightness Temperature (H)", "v": "Brightness Temperature (V)"}
SCALE_FACTOR = "SCALE FACTOR"
ERROR = 65534
NO_OBSERVATION = 65535

_KILOMETRES = {"L": "25", "H": "10"}
_FOOTPRINTS = {
    "EQ": (-180.0, -90.0, 180.0, 90.0),
    "PN": (-180.0, 30.0, 180.0, 90.0),
    "PS": (-180.0, -90.0, 180.0, -30.0),
}


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """Return what a name tells; None where it is of another product."""
    date, frequency, release = calendar_day(fields["date"]), fields["frequency"], fields["release"]
    projection, direction, resolution = fields["projection"], fields["direction"], fields["resolution"]
    if (
        date is None
        or frequency not in FREQUENCIES
        or projection not in _FOOTPRINTS
        or direction not in ("A", "D")
        or resolution not in _KILOMETRES
        or not (release.isascii() and release.isalnum())
    ):
        return None
    return Facts(
        granule_id=f"GW1AM2_{fields['date']}_01D_{projection}M{direction}_L3SGT{frequency}{resolution}",
        start=date,
        end=date + timedelta(days=1),
        platform="GW1",
        tile=f"{projection.lower()}{_KILOMETRES[resolution]}",
        part=frequency,
        variant="cold" if direction == "D" else "warm",
        footprint=_FOOTPRINTS[projection],
    )


AMSR2_L3_TB = Collection(
    name="amsr2-l3-tb",
    title="GCOM-W1 AMSR2 Level 3 Daily Brightness Temperatures",
    sensor="amsr2",
    patterns=("GW1AM2_{date:8s}_01D_{projection:2s}M{direction:1s}_L3SGT{frequency:2s}{resolution:1s}{release:8s}.h5",),
    facts=facts,
    opener="icestream_readers.amsr2_l3_tb_file:open_file",
    media_type="application/x-hdf5",
    licence="JAXA G-Portal terms of use",
)
