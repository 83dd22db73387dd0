"""Snow depth products."""

from icestream_core.hookspecs import hookimpl
from icestream_snow_depth import snow_depth_china, snow_depth_global, snow_depth_tibet_005, swe_tibet_005
from icestream_snow_depth.gradient_training import PARAMETERS


@hookimpl
def icestream_products() -> list[object]:
    return [module.PRODUCT for module in (snow_depth_china, snow_depth_global, snow_depth_tibet_005, swe_tibet_005)]


@hookimpl
def icestream_collections() -> list[object]:
    return [PARAMETERS]
