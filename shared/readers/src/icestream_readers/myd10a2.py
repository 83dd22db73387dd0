"""myd10a2: maximum snow extent of eight days from MODIS on Aqua, 500 m, from July 2002."""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.modis_name import MEDIA_TYPE, pattern
from icestream_readers.modis_snow_format import OPENER, facts

MYD10A2 = Collection(
    name="myd10a2",
    title="MODIS/Aqua Snow Cover 8-Day L3 Global 500m SIN Grid",
    sensor="modis",
    patterns=(pattern("MYD10A2"),),
    facts=partial(facts, short_name="MYD10A2", platform="Aqua"),
    opener=OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/MODIS/MYD10A2.061",
    licence="NASA open data",
)
