"""ease-loci-mask: land, ocean, coast and permanent ice on the 25 km EASE-Grids, version 1, from NSIDC.

`Nl.LOCImask_land50_coast0km.721x721.bin` and its sisters Sl and Ml: one byte a cell, row by row, from MODIS land cover
of Boston University. Classes as users of the masks code them; of the ones here, permanent ice (101) is what is used.
The PNG of the same name is a picture for the eye, and no granule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icestream_core.collection import Collection, Facts
from icestream_core.period import END_OF_TIME, EPOCH
from icestream_readers.ease_grids import EASE_FOOTPRINTS, EASE_GRIDS

PERMANENT_ICE, OCEAN = 101, 255
CLASSES: Mapping[int, str] = {
    0: "land",
    PERMANENT_ICE: "permanent_ice",
    252: "land_or_water_undecided",
    253: "coast",
    254: "off_the_globe",
    OCEAN: "ocean_or_lake",
}
VARIABLE = "surface_class"


def facts(fields: Mapping[str, Any]) -> Facts | None:
    """A mask holds for all time."""
    code = fields["grid"].lower()
    grid = EASE_GRIDS.get(code)
    if grid is None or fields["grid"] != code.capitalize() or fields["size"] != f"{grid.width}x{grid.height}":
        return None
    return Facts(
        granule_id=f"{fields['grid']}.LOCImask_land50_coast0km.{fields['size']}",
        start=EPOCH,
        end=END_OF_TIME,
        tile=code,
        footprint=EASE_FOOTPRINTS[code[0]],
    )


EASE_LOCI_MASK = Collection(
    name="ease-loci-mask",
    title="EASE-Grid Land-Ocean-Coastline-Ice Masks Derived from Boston University MODIS/Terra Land Cover Data",
    sensor="modis",
    patterns=("{grid:2s}.LOCImask_land50_coast0km.{size}.bin",),
    facts=facts,
    opener="icestream_readers.ease_loci_mask_file:open_file",
    licence="NASA/NSIDC, open use with citation",
)
