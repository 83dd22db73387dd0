"""quikscat: backscatter of the SeaWinds radar on QuikSCAT (Ku band, 13.4 GHz), enhanced images by Brigham Young
University's Scatterometer Climate Record Pathfinder, July 1999 to November 2009.

One file a beam, region and interval of days: `qaeh-a-ChJ07-033-036.sir`, perhaps under .gz. The four letters are q, the
passes (u all, a ascending, d descending, m morning, n mid-day, e evening), e for the whole footprint ("egg", cells of
4.45 km) or s for its slices (2.225 km), and the polarisation; then a for sigma nought (other images of a set, such as
counts or times, are other products), three letters of the region, the year and the first and last day of it. The header
tells where the region is. QuikSCAT crosses the equator northward at 6 h, southward at 18 h.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from icestream_core.collection import Collection, Facts
from icestream_readers.dates import day_of_year

PASSES: Final[Mapping[str, str]] = {
    "u": "all",
    "a": "cold",
    "d": "warm",
    "m": "cold",
    "n": "noon",
    "e": "warm",
}
"""Our variant by the letter: cold is the early morning, as with radiometers."""
SHAPES: Final[Mapping[str, str]] = {"e": "egg", "s": "slice"}
POLARISATIONS: Final = ("h", "v")
FREQUENCY_GHZ: Final = 13.4
INCIDENCE: Final[Mapping[str, float]] = {"h": 46.0, "v": 54.1}
"""Degrees: of the inner and the outer beam."""
FIRST, LAST = datetime(1999, 7, 19, tzinfo=UTC), datetime(2009, 11, 23, tzinfo=UTC)
"""UTC days, from the first data to the day on which the antenna stopped."""
LONGEST_DAYS: Final = 31
FOOTPRINTS: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "Grn": (-74.0, 59.0, -11.0, 84.5),
    "Arc": (-180.0, 60.0, 180.0, 90.0),
    "Ant": (-180.0, -90.0, 180.0, -52.0),
    "ChJ": (60.0, 25.0, 150.0, 55.0),
}
"""The producers' boxes of those regions that ours look at; the letters ChJ are from memory. Of others none is said."""


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """Return what a name tells; None where it is of another radar, another image or no such interval."""
    beam, region = fields["beam"], fields["region"]
    if (
        len(beam) != 4
        or beam[0] != "q"
        or beam[1] not in PASSES
        or beam[2] not in SHAPES
        or beam[3] not in POLARISATIONS
        or not (region.isascii() and region.isalnum())
    ):
        return None
    interval = _interval(fields["year"], fields["first"], fields["last"])
    if interval is None:
        return None
    return Facts(
        granule_id=f"{beam}-a-{region}{fields['year']}-{fields['first']}-{fields['last']}",
        start=interval[0],
        end=interval[1],
        platform="QuikSCAT",
        tile=f"{region.lower()}-{SHAPES[beam[2]]}",
        part=beam[3],
        variant=PASSES[beam[1]],
        footprint=FOOTPRINTS.get(region),
    )


def _interval(year: str, first: str, last: str) -> tuple[datetime, datetime] | None:
    """Return start and end; the last day of an interval that crosses a new year is one of the next."""
    century = "19" if year == "99" else "20"
    start, end = day_of_year(f"{century}{year}{first}"), day_of_year(f"{century}{year}{last}")
    if start is not None and (end is None or end < start):
        end = day_of_year(f"{start.year + 1}{last}")
    if start is None or end is None or not start <= end < start + timedelta(days=LONGEST_DAYS):
        return None
    if start < FIRST or end > LAST:
        return None
    return start, end + timedelta(days=1)


_STEM = "{beam:4s}-a-{region:3s}{year:2s}-{first:3s}-{last:3s}.sir"

QUIKSCAT = Collection(
    name="quikscat",
    title="QuikSCAT SeaWinds Enhanced-Resolution Sigma Nought (BYU SIR)",
    sensor="seawinds",
    patterns=(_STEM, _STEM + ".gz"),
    facts=facts,
    opener="icestream_readers.quikscat_file:open_file",
    licence="NASA Scatterometer Climate Record Pathfinder, open use with citation",
)
