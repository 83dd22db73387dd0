"""mod11a1: daily land-surface temperature from MODIS on Terra, 1 km, from February 2000."""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.modis_lst_format import TILE_OPENER, facts
from icestream_readers.modis_name import MEDIA_TYPE, pattern

MOD11A1 = Collection(
    name="mod11a1",
    title="MODIS/Terra Land Surface Temperature/Emissivity Daily L3 Global 1km SIN Grid",
    sensor="modis",
    patterns=(pattern("MOD11A1"),),
    facts=partial(facts, short_name="MOD11A1", platform="Terra"),
    opener=TILE_OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/MODIS/MOD11A1.061",
    licence="NASA open data",
)
