"""Foundation products: undelivered intermediates that several families read."""

from icestream_core.hookspecs import hookimpl
from icestream_foundation import cold_pass_tb
from icestream_foundation.transfers import TRANSFERS


@hookimpl
def icestream_products() -> list[object]:
    return [cold_pass_tb.PRODUCT]


@hookimpl
def icestream_collections() -> list[object]:
    return [TRANSFERS]
