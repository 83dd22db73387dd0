"""ground-temperature: what stations measure of the ground before dawn, one table a day, in a form of our own.

No two networks write the same form, so this one is plain: `ground-temperature.20140201.csv`, comma-separated, UTF-8,
with the header `station,latitude,longitude,ground_temperature`; degrees, and the day's lowest temperature of the
uppermost 5 cm in kelvin. A later table of a day supersedes an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from icestream_core.collection import Collection, Facts
from icestream_readers.dates import calendar_day

COLUMNS: Mapping[str, tuple[str, float, float]] = {
    "latitude": ("degrees_north", -90.0, 90.0),
    "longitude": ("degrees_east", -180.0, 180.0),
    "ground_temperature": ("K", 170.0, 350.0),
}
"""Unit, smallest and largest value."""
STATION = "station"


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """Return what a name tells; None where its date is no day."""
    start = calendar_day(fields["date"])
    if start is None:
        return None
    return Facts(granule_id=f"ground-temperature.{fields['date']}", start=start, end=start + timedelta(days=1))


GROUND_TEMPERATURE = Collection(
    name="ground-temperature",
    title="Ground temperature of stations before dawn",
    sensor="station",
    patterns=("ground-temperature.{date:8s}.csv",),
    facts=facts,
    opener="icestream_readers.ground_temperature_file:open_file",
    media_type="text/csv",
)
