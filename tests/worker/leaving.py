"""Products and readers that end their process from within."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr

from icestream_core import plugins
from icestream_core.collection import Collection, Opened
from icestream_core.errors import Void
from icestream_core.granule import Granule
from icestream_core.hookspecs import hookimpl
from icestream_core.product import Product


def leave(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Call exit, as a library may that was written for the command line."""
    sys.exit(0)


def vanish(count: xr.Dataset) -> dict[str, np.ndarray]:
    """End the process with the code of success."""
    os._exit(0)


def tell_niceness(count: xr.Dataset) -> dict[str, np.ndarray]:
    """Make nothing, and give the niceness of the process as the reason."""
    raise Void(str(os.nice(0)))


def open_torn(path: Path, granule: Granule) -> Opened:
    """Crash, as a library of C may over a damaged file: SIGSEGV."""
    ctypes.string_at(0)
    raise AssertionError("still alive")


def open_bomb(path: Path, granule: Granule) -> Opened:
    """Unpack without end, 64 MB at a time, until somebody intervenes."""
    unpacked = []
    while len(unpacked) < 100:
        unpacked.append(np.ones(8_000_000))
        time.sleep(0.05)
    raise AssertionError("nobody intervened")


def open_claim(path: Path, granule: Granule) -> Opened:
    """Ask for as much memory as a damaged file says that it needs: 8 GB, at once."""
    np.ones(2**30)
    raise AssertionError("nobody intervened")


class Leaving:
    """A plugin beside the tally."""

    @hookimpl
    def icestream_products(self) -> list[Product]:
        from icestream_tally.tally import counted

        return [
            counted("tally-leave", leave, "made", "leave"),
            counted("tally-vanish", vanish, "made", "vanish"),
            counted("tally-niceness", tell_niceness, "made", "niceness"),
            counted("tally-torn", leave, "made", "torn"),
            counted("tally-bomb", leave, "made", "bomb", memory_limit=700 * 2**20),
            counted("tally-claim", leave, "made", "claim", memory_limit=700 * 2**20),
        ]

    @hookimpl
    def icestream_collections(self) -> list[Collection]:
        from icestream_tally.misbehaving import collection

        return [
            collection("leave"),
            collection("vanish"),
            collection("niceness"),
            *(
                dataclasses.replace(collection(name), opener=f"{__name__}:open_{name}")
                for name in ("torn", "bomb", "claim")
            ),
        ]


def load() -> plugins.Plugins:
    """Load the tally and these."""
    return plugins.load(("tally",), extra=[Leaving()])
