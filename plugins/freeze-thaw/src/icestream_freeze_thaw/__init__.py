"""Freeze and thaw products."""

from icestream_core.hookspecs import hookimpl
from icestream_freeze_thaw import freeze_thaw_global_005, freeze_thaw_global_025, freeze_thaw_three_river_source
from icestream_freeze_thaw.discriminants import DISCRIMINANTS
from icestream_freeze_thaw.thresholds import THRESHOLDS


@hookimpl
def icestream_products() -> list[object]:
    return [freeze_thaw_three_river_source.PRODUCT, freeze_thaw_global_025.PRODUCT, freeze_thaw_global_005.PRODUCT]


@hookimpl
def icestream_collections() -> list[object]:
    return [THRESHOLDS, DISCRIMINANTS]
