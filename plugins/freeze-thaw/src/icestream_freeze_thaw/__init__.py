"""Freeze and thaw products."""

from icestream_core.hookspecs import hookimpl


@hookimpl
def icestream_products() -> list[object]:
    return []
