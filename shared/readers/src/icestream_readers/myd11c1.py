"""myd11c1: daily land-surface temperature from MODIS on Aqua, the whole globe at 0.05 degree, from July 2002."""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.modis_lst_format import GLOBAL_OPENER, facts
from icestream_readers.modis_name import MEDIA_TYPE, pattern

MYD11C1 = Collection(
    name="myd11c1",
    title="MODIS/Aqua Land Surface Temperature/Emissivity Daily L3 Global 0.05Deg CMG",
    sensor="modis",
    patterns=(pattern("MYD11C1", tiled=False),),
    facts=partial(facts, short_name="MYD11C1", platform="Aqua"),
    opener=GLOBAL_OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/MODIS/MYD11C1.061",
    licence="NASA open data",
)
