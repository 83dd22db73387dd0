"""Snow depth products."""

from icestream_core.hookspecs import hookimpl
from icestream_snow_depth import snow_depth_china, snow_depth_tibet_005


@hookimpl
def icestream_products() -> list[object]:
    return [snow_depth_china.PRODUCT, snow_depth_tibet_005.PRODUCT]
