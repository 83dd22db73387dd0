"""Snow cover products."""

from icestream_core.hookspecs import hookimpl
from icestream_snow_cover import snow_cover_hma, snow_cover_probability


@hookimpl
def icestream_products() -> list[object]:
    return [snow_cover_hma.PRODUCT, snow_cover_probability.PRODUCT]
