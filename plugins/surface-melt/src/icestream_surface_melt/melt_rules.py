"""The rules by which firn is told to melt. One is the default; the others can be chosen by the option `rule`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.melt_thresholds import (
    DYNAMIC_DAV,
    M30_DELTA,
    TORINESI_SIGMAS,
    XPGR_F08,
    XPGR_F13,
    XPGR_SMMR,
    abdalati_steffen_1995,
    tedesco_2009,
    tedesco_2009_dav,
    torinesi_2003,
)
from icestream_physics.sharpening import Blocks, aiazzi_2007

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
RULES = ("m30", "sigma", "xpgr", "d-dav")
OWN = 0.0
"""As a threshold: the rule's own."""


class Firn(NamedTuple):
    """What the rules look at.

    excess : 19 GHz H above winter's mean at the fine cells, sharpened, K
    passes : by channel, each pass on the coarse grid, K, shape (pass, row, column)
    winter : by name, what is known of winter, on the coarse grid
    pan : of the fine cells, for the sharpening
    blocks : the fine cells and the coarse ones that they lie in
    """

    excess: FloatArray
    passes: Callable[[str], FloatArray]
    winter: Callable[[str], FloatArray]
    pan: FloatArray | None
    blocks: Blocks


def melts_by(rule: str, threshold: float, firn: Firn) -> tuple[BoolArray, BoolArray]:
    """Return which fine cells melt, and of which it can be told.

    rule : "m30" (K above winter's mean), "sigma" (deviations above it), "xpgr" (ratio of 19 GHz H to 37 GHz V) or
        "d-dav" (K by which the difference of the day's passes at 37 GHz V exceeds winter's)
    Raises ValueError for another rule.
    """
    blocks, known = firn.blocks, np.isfinite(firn.excess)
    if rule == "m30":
        return tedesco_2009(firn.excess, 0.0, threshold), known
    if rule == "sigma":
        deviation = firn.winter("winter_deviation")
        melts = torinesi_2003(firn.excess, 0.0, blocks.bilinear(deviation), threshold)
        return melts, known & np.isfinite(blocks.spread(deviation))
    if rule == "xpgr":
        h19, v37 = (aiazzi_2007(mean_of(firn.passes(name)), firn.pan, blocks) for name in ("tb_19h", "tb_37v"))
        return abdalati_steffen_1995(h19, v37, threshold), known & np.isfinite(h19) & np.isfinite(v37)
    if rule == "d-dav":
        swing, usual = swing_of(firn.passes("tb_37v")), firn.winter("winter_swing")
        told = np.isfinite(blocks.spread(swing - usual))
        return tedesco_2009_dav(blocks.bilinear(swing), 0.0, blocks.bilinear(usual), threshold) & told, known & told
    raise ValueError(f"rule is {rule!r}; wanted {', '.join(RULES)}")


def own_threshold(rule: str, tb: xr.Dataset) -> float:
    """Return the published threshold of a rule; that of the ratio differs between sensors."""
    xpgr = XPGR_SMMR if tb.attrs.get("sensor") == "smmr" else XPGR_F13 if tb.attrs["platform"] == "F13" else XPGR_F08
    of_rule = {"m30": M30_DELTA, "sigma": TORINESI_SIGMAS, "xpgr": xpgr, "d-dav": DYNAMIC_DAV}
    return float(of_rule.get(rule, OWN))


def mean_of(passes: NDArray[np.floating]) -> FloatArray:
    """Return the mean of passes (first axis); those that saw nothing are left out, NaN where none did."""
    total, count = np.zeros(passes.shape[1:]), np.zeros(passes.shape[1:], np.uint8)
    for each in passes:
        seen = np.isfinite(each)
        np.add(total, each, out=total, where=seen)
        count += seen
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def swing_of(passes: NDArray[np.floating]) -> FloatArray:
    """Return by how much the passes of a day (first axis) differ; NaN where fewer than two saw anything."""
    seen = np.isfinite(passes)
    swing = np.where(seen, passes, -np.inf).max(axis=0) - np.where(seen, passes, np.inf).min(axis=0)
    return np.where(seen.sum(axis=0) > 1, swing, np.nan)
