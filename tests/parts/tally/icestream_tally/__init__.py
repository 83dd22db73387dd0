"""A third party's plugin for tests: small text granules, products that work and products that misbehave."""

from icestream_core.hookspecs import hookimpl
from icestream_tally import misbehaving, tally


@hookimpl
def icestream_products():
    return [tally.SQUARE, tally.SUM, tally.NOTHING, *misbehaving.PRODUCTS]


@hookimpl
def icestream_collections():
    return [tally.COUNT, *misbehaving.COLLECTIONS]
