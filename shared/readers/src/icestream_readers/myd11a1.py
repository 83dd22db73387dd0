"""myd11a1: daily land-surface temperature from MODIS on Aqua, 1 km, from July 2002."""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.modis_lst_format import TILE_OPENER, facts
from icestream_readers.modis_name import MEDIA_TYPE, pattern

MYD11A1 = Collection(
    name="myd11a1",
    title="MODIS/Aqua Land Surface Temperature/Emissivity Daily L3 Global 1km SIN Grid",
    sensor="modis",
    patterns=(pattern("MYD11A1"),),
    facts=partial(facts, short_name="MYD11A1", platform="Aqua"),
    opener=TILE_OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/MODIS/MYD11A1.061",
    licence="NASA open data",
)
