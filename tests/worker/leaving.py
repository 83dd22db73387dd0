"""Products that end their process from within."""

from __future__ import annotations

import os
import sys

import numpy as np
import xarray as xr

from icestream_core import plugins
from icestream_core.collection import Collection
from icestream_core.hookspecs import hookimpl
from icestream_core.product import Product


def leave(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Call exit, as a library may that was written for the command line."""
    sys.exit(0)


def vanish(count: xr.Dataset) -> dict[str, np.ndarray]:
    """End the process with the code of success."""
    os._exit(0)


class Leaving:
    """A plugin beside the tally."""

    @hookimpl
    def icestream_products(self) -> list[Product]:
        from icestream_tally.tally import counted

        return [counted("tally-leave", leave, "made", "leave"), counted("tally-vanish", vanish, "made", "vanish")]

    @hookimpl
    def icestream_collections(self) -> list[Collection]:
        from icestream_tally.misbehaving import collection

        return [collection("leave"), collection("vanish")]


def load() -> plugins.Plugins:
    """Load the tally and these."""
    return plugins.load(("tally",), extra=[Leaving()])
