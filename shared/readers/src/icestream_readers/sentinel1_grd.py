"""sentinel1-grd: ground-range detected scenes of Sentinel-1's C-band radar, level 1, from October 2014.

One SAFE a scene, all polarisations in it, as a folder or as the zip archive that it is distributed as:
`S1A_IW_GRDH_1SDV_20150222T170750_20150222T170815_004739_005DD8_3768.zip`: platform, mode, type and resolution,
level and polarisations, start, stop, absolute orbit, take, checksum. The checksum is of one processing: it is left out
of what a granule is called, so that a scene processed anew is a correction.

The name tells the relative orbit, and by it and the time of day the direction of flight: the satellites cross the
equator northward at 18:00 local mean solar time, in relative orbit 1 near Greenwich, each next one 24.7 degrees further
west.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from icestream_core.collection import Collection, Facts
from icestream_core.period import EPOCH

ORBITS_A_CYCLE: Final = 175
"""In twelve days the track closes."""
FIRST_ORBIT: Final[Mapping[str, int]] = {"S1A": 73, "S1B": 27, "S1C": 172}
"""What is taken from the absolute orbit before it is counted in cycles. For S1D it could not be verified."""
ORBIT: Final = timedelta(days=12) / ORBITS_A_CYCLE
NORTHWARD_HOURS: Final = 18.0
"""Local mean solar time at the equator."""
FIRST_TRACK_EAST: Final = 0.3
"""Longitude at which relative orbit 1 crosses the equator northward, degrees. Worked out from places that are known by
the tracks which see them (Ridgecrest A64 and D71, Kilauea A124, Beiluhe A41 and D150). They agree to a degree, which is
four minutes of the day: north and south are told apart but for the quarter-orbit's last minutes, beyond 75 degrees."""
POLARISATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "SV": ("vv",),
    "SH": ("hh",),
    "DV": ("vv", "vh"),
    "DH": ("hh", "hv"),
}
MODES: Final = ("IW", "EW")
STRIPMAPS: Final = tuple(f"S{number}" for number in range(1, 7))
DATE: Final = "%Y%m%dT%H%M%S"


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """Return what a name tells; None where it is of another type, or no such scene."""
    platform, mode, kind = fields["platform"], fields["mode"], fields["type"]
    start, end = fields["start"], fields["end"]
    numbers, words = (fields["orbit"],), (fields["take"], fields["checksum"])
    if (
        platform not in FIRST_ORBIT
        or mode not in (*MODES, *STRIPMAPS)
        or kind not in ("GRDH", "GRDM", "GRDF")
        or fields["polarisation"] not in POLARISATIONS
        or not all(number.isascii() and number.isdecimal() for number in numbers)
        or not all(word.isascii() and word.isalnum() for word in words)
        or not EPOCH < start < end < start + timedelta(hours=1)
    ):
        return None
    relative = relative_orbit(platform, int(fields["orbit"]))
    name = "_".join(
        (platform, mode, kind, f"1S{fields['polarisation']}", f"{start:{DATE}}", f"{end:{DATE}}", fields["orbit"])
    )
    return Facts(
        granule_id=f"{name}_{fields['take']}",
        start=start,
        end=end,
        platform=platform,
        tile=f"{relative:03d}",
        part=mode.lower(),
        variant=direction(relative, start + (end - start) / 2),
    )


def relative_orbit(platform: str, absolute: int) -> int:
    """Return the number of the track, 1 to 175."""
    return (absolute - FIRST_ORBIT[platform]) % ORBITS_A_CYCLE + 1


def direction(relative: int, moment: datetime) -> str:
    """Return whether the satellite flies northward ("ascending") or southward ("descending") on a track at a time."""
    east = FIRST_TRACK_EAST - (relative - 1) * 360.0 * 12.0 / ORBITS_A_CYCLE
    northward = timedelta(hours=NORTHWARD_HOURS - east / 15.0)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (moment - midnight - northward) % timedelta(days=1)
    quarter = ORBIT / 4
    # A day is not a whole number of orbits: what lies before the crossing is seen as the end of the day before.
    return "ascending" if since < quarter or since > timedelta(days=1) - quarter else "descending"


SENTINEL1_GRD = Collection(
    name="sentinel1-grd",
    title="Sentinel-1 Ground Range Detected scenes",
    sensor="c-sar",
    patterns=tuple(
        "{platform:3s}_{mode:2s}_{type:4s}_1S{polarisation:2s}_{start:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}_{orbit:6s}_"
        "{take:6s}_{checksum:4s}" + suffix
        for suffix in (".SAFE.zip", ".zip", ".SAFE")
    ),
    facts=facts,
    opener="icestream_readers.sentinel1_grd_file:open_file",
    media_type="application/zip",
    licence="Copernicus Sentinel data terms",
)
