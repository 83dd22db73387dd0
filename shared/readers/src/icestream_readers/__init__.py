"""One collection, one file: parse its name, open it, give it our names and units."""

from __future__ import annotations

from icestream_core.collection import Collection
from icestream_core.hookspecs import hookimpl
from icestream_readers.amsr2_l3_tb import AMSR2_L3_TB
from icestream_readers.ease_loci_mask import EASE_LOCI_MASK
from icestream_readers.ghcn_daily import GHCN_DAILY
from icestream_readers.glass_albedo import GLASS_ALBEDO
from icestream_readers.ground_temperature import GROUND_TEMPERATURE
from icestream_readers.mod10a2 import MOD10A2
from icestream_readers.mod11a1 import MOD11A1
from icestream_readers.myd10a2 import MYD10A2
from icestream_readers.myd11a1 import MYD11A1
from icestream_readers.myd11c1 import MYD11C1
from icestream_readers.nsidc_0032 import NSIDC_0032
from icestream_readers.nsidc_0071 import NSIDC_0071
from icestream_readers.quikscat import QUIKSCAT
from icestream_readers.sentinel1_grd import SENTINEL1_GRD


@hookimpl
def icestream_collections() -> tuple[Collection, ...]:
    """Return the collections that this package reads."""
    return (
        NSIDC_0032,
        NSIDC_0071,
        AMSR2_L3_TB,
        MOD10A2,
        MYD10A2,
        MOD11A1,
        MYD11A1,
        MYD11C1,
        GHCN_DAILY,
        GROUND_TEMPERATURE,
        SENTINEL1_GRD,
        QUIKSCAT,
        GLASS_ALBEDO,
        EASE_LOCI_MASK,
    )
