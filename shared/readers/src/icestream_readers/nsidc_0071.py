"""nsidc-0071: brightness temperatures of SMMR on Nimbus-7, every second day, on EASE-Grid version 1, 1978 to 1987.

The satellite is written SMMR (`EASE-SMMR-NL1987002A.06H`) or N07; both are the platform N07.
"""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.ease_format import MEDIA_TYPE, OPENER, PATTERNS, facts

NSIDC_0071 = Collection(
    name="nsidc-0071",
    title="Nimbus-7 SMMR Pathfinder Daily EASE-Grid Brightness Temperatures",
    sensor="smmr",
    patterns=PATTERNS,
    facts=partial(facts, platforms={"SMMR": ("N07", "smmr"), "N07": ("N07", "smmr")}),
    opener=OPENER,
    media_type=MEDIA_TYPE,
    licence="NASA/NSIDC, open use with citation",
)
