"""mod10a2: maximum snow extent of eight days from MODIS on Terra, 500 m, from February 2000."""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.modis_name import MEDIA_TYPE, pattern
from icestream_readers.modis_snow_format import OPENER, facts

MOD10A2 = Collection(
    name="mod10a2",
    title="MODIS/Terra Snow Cover 8-Day L3 Global 500m SIN Grid",
    sensor="modis",
    patterns=(pattern("MOD10A2"),),
    facts=partial(facts, short_name="MOD10A2", platform="Terra"),
    opener=OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/MODIS/MOD10A2.061",
    licence="NASA open data",
)
