"""Names and body of NSIDC's passive-microwave EASE-Grid files: what nsidc-0032 and nsidc-0071 have in common.

One file a day, grid, pass and channel: `EASE-F17-NL2014032D-V2.19H`, perhaps under .gz. EASE is the Backus-Gilbert
interpolation, ID2 the inverse-distance one; `TIM` in place of a channel is the time of observation.
The body is a bare array, row by row from the north or the upper edge, of little-endian 16-bit integers: tenths of
a kelvin, nought where nothing was seen; for time, minutes since 00:00 UTC, -32768 where nothing was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from icestream_core.collection import Facts
from icestream_core.grid import Grid
from icestream_readers.dates import day_of_year
from icestream_readers.ease_grids import EASE_FOOTPRINTS, EASE_GRIDS

OPENER = "icestream_readers.ease_file:open_file"
MEDIA_TYPE = "application/octet-stream"
BYTES_A_CELL = 2
MISSING = 0
TIME_MISSING = -32768
TIME_PART = "tim"
TIME_VARIABLE = "observation_time"

_STEM = "{prefix}-{platform}-{grid:2s}{date:7s}{direction:1s}"
PATTERNS = (
    _STEM + ".{channel:3s}",
    _STEM + ".{channel:3s}.gz",
    _STEM + "-V{version}.{channel:3s}",
    _STEM + "-V{version}.{channel:3s}.gz",
)


class Band(NamedTuple):
    """A channel in our words. frequency : GHz"""

    variable: str
    frequency: float


def _bands(*rows: tuple[str, str, float, str]) -> dict[str, Band]:
    return {
        f"{written}{polarisation}": Band(f"tb_{ours}{polarisation}", frequency)
        for written, ours, frequency, polarisations in rows
        for polarisation in polarisations
    }


CHANNELS: Mapping[str, Mapping[str, Band]] = {
    "smmr": _bands(
        ("06", "06", 6.6, "hv"),
        ("10", "10", 10.7, "hv"),
        ("18", "19", 18.0, "hv"),
        ("21", "22", 21.0, "hv"),
        ("37", "37", 37.0, "hv"),
    ),
    "ssmi": _bands(
        ("19", "19", 19.35, "hv"), ("22", "22", 22.235, "v"), ("37", "37", 37.0, "hv"), ("85", "91", 85.5, "hv")
    ),
    "ssmis": _bands(
        ("19", "19", 19.35, "hv"), ("22", "22", 22.235, "v"), ("37", "37", 37.0, "hv"), ("91", "91", 91.655, "hv")
    ),
}
"""Band by sensor and part. One variable name is one band whatever the sensor, so that products treat sensors alike."""


def cold_pass(platform: str) -> str:
    """Return the pass that looks before dawn: A or D. F08 flew the other way round: its ascending pass is at 6 h."""
    return "A" if platform == "F08" else "D"


def file_size(grid: Grid) -> int:
    """Return the bytes of an uncompressed file."""
    return grid.width * grid.height * BYTES_A_CELL


def facts(fields: Mapping[str, Any], platforms: Mapping[str, tuple[str, str]]) -> Facts | None:
    """Return what a name tells; None where it is of another collection or of none.

    platforms : platform and sensor by the word that the name uses for them

    The interval is the UTC day of the name. A daily grid holds the passes of one such day at every longitude, so
    that its local times of day agree and its local dates do not.
    """
    date, grid, channel = day_of_year(fields["date"]), fields["grid"], fields["channel"]
    version = fields.get("version")
    if (
        date is None
        or fields["prefix"] not in ("EASE", "ID2")
        or fields["platform"] not in platforms
        or grid.lower() not in EASE_GRIDS
        or not grid.isupper()
        or fields["direction"] not in ("A", "D")
        or not (version is None or (version.isascii() and version.isdecimal()))
    ):
        return None
    platform, sensor = platforms[fields["platform"]]
    part = channel.lower()
    if part != TIME_PART and part not in CHANNELS[sensor]:
        return None
    stem = f"{fields['prefix']}-{fields['platform']}-{grid}{fields['date']}{fields['direction']}"
    return Facts(
        granule_id=f"{stem}{'' if version is None else f'-V{version}'}.{channel}",
        start=date,
        end=date + timedelta(days=1),
        platform=platform,
        tile=grid.lower(),
        part=part,
        variant="cold" if fields["direction"] == cold_pass(platform) else "warm",
        footprint=EASE_FOOTPRINTS[grid[0].lower()],
    )
