"""Freeze and thaw products."""

from icestream_core.hookspecs import hookimpl
from icestream_freeze_thaw import (
    freeze_thaw_global_005,
    freeze_thaw_global_025,
    freeze_thaw_qtec_100m,
    freeze_thaw_three_river_source,
    frost_indicators_qtec,
    seasonal_scaling_qtec,
    sentinel1_gamma0_qtec,
)
from icestream_freeze_thaw.discriminants import DISCRIMINANTS
from icestream_freeze_thaw.thresholds import THRESHOLDS


@hookimpl
def icestream_products() -> list[object]:
    return [
        freeze_thaw_three_river_source.PRODUCT,
        freeze_thaw_global_025.PRODUCT,
        freeze_thaw_global_005.PRODUCT,
        sentinel1_gamma0_qtec.PRODUCT,
        seasonal_scaling_qtec.PRODUCT,
        frost_indicators_qtec.PRODUCT,
        freeze_thaw_qtec_100m.PRODUCT,
    ]


@hookimpl
def icestream_collections() -> list[object]:
    return [THRESHOLDS, DISCRIMINANTS]
