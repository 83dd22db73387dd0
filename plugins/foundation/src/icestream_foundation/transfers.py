"""Sensor transfers: what a fitted set holds, and the pairs of measurements that it is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from icestream_core.fit import Fit, parameter_set
from icestream_core.grid import EASE_NL
from icestream_core.inputs import Input, source
from icestream_foundation.channels import CHANNELS
from icestream_foundation.learn_transfers import learn_transfers
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

LAND = constant(0.95, "1", source="at least so much of a cell of a pair is land", certainty="design")
PAIRS_A_DAY = 4000
"""Of one channel and two platforms: taken evenly from all, so that a year of days can be held at once."""

ROWS = {"source": "", "reference": "", "channel": "", "tb_source": "K", "tb_reference": "K"}


def _plausible(data: Any) -> None:
    slope = data["slope"].values
    if not (slope > 0).all():
        raise ValueError(f"slope {slope.min():g} makes no transfer; wanted slopes above nought")


TRANSFERS = parameter_set(
    "cold-pass-tb-transfers",
    "Fitted inter-sensor transfers of brightness temperature",
    {"platform": "", "channel": "", "slope": "1", "intercept": "K"},
    _plausible,
)


def sample_pairs(tb: Sequence[xr.Dataset], land: Sequence[xr.Dataset]) -> dict[str, np.ndarray]:
    """Return pairs of brightness temperatures of two platforms over land, in the same cell on the same day's cold pass.

    tb : brightness temperature by channel, K; one dataset a platform
    land : `land_fraction`, 0 to 1
    """
    dry = land[0]["land_fraction"].values >= LAND
    by_platform = {str(each.attrs["platform"]): each for each in tb}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ROWS}
    for first, second in combinations(sorted(by_platform), 2):
        for channel in CHANNELS:
            one, other = by_platform[first], by_platform[second]
            if channel not in one or channel not in other:
                continue
            x, y = one[channel].values, other[channel].values
            cells = np.flatnonzero(dry & np.isfinite(x) & np.isfinite(y))
            cells = cells[:: -(-cells.size // PAIRS_A_DAY)] if cells.size else cells
            for name, word in zip(ROWS, (first, second, channel), strict=False):
                parts[name].append(np.full(cells.size, word, "<U12"))
            parts["tb_source"].append(x.reshape(-1)[cells])
            parts["tb_reference"].append(y.reshape(-1)[cells])
    return {name: np.concatenate(columns) if columns else np.empty(0) for name, columns in parts.items()}


FIT = Fit(
    parameters="transfers",
    inputs={
        "tb": Input(
            sources=(
                source("amsr2-l3-tb", needs="18 36", wants="23 89", tiles="eq25 eq10"),
                source("nsidc-0032", needs="19h 19v 37h 37v", wants="22v 91h 91v", platforms="F17 F18 F16 F19"),
                source("nsidc-0032", needs="19h 19v 37h 37v", wants="22v 85h 85v", platforms="F13 F11 F08 F14 F15"),
                source("nsidc-0071", needs="18h 18v 37h 37v"),
            ),
            tile="any",
        ),
        "land": Input(sources=(source("library-land"),), role="ancillary"),
    },
    rows=ROWS,
    sample=sample_pairs,
    learn=learn_transfers,
    grid=EASE_NL,
    variants=("cold",),
)
