"""ghcn-daily: daily records of stations of the Global Historical Climatology Network, one CSV file a station."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from icestream_core.collection import Collection, Facts
from icestream_core.period import END_OF_TIME, EPOCH

STATION = re.compile(r"[A-Z]{2}[A-Z0-9]{9}")
"""Country, network and number: the eleven characters that name a station."""


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """A file grows for as long as its station stands, so its name tells no day. Each station is a part of the whole."""
    station = fields["station"]
    if not STATION.fullmatch(station):
        return None
    return Facts(granule_id=f"ghcn-daily.{station}", start=EPOCH, end=END_OF_TIME, part=station)


GHCN_DAILY = Collection(
    name="ghcn-daily",
    title="Global Historical Climatology Network daily, snow depth of stations",
    sensor="station",
    patterns=("{station:11s}.csv",),
    facts=facts,
    opener="icestream_readers.ghcn_daily_file:open_file",
    media_type="text/csv",
    doi="10.7289/V5D21VHZ",
    licence="public domain (NOAA); some stations of other services under WMO Resolution 40",
)
