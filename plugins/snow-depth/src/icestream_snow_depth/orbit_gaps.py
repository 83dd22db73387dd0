"""Filling what no orbit saw from the days around."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from icestream_physics.snow_screening import SnowQuality
from icestream_snow_depth.dry_snow_depth import DayDepth


def fill_gaps(daily: Mapping[int, DayDepth]) -> DayDepth:
    """Return day 0, cells that no orbit saw taking the mean of the other days, weighted by one over the days between.

    daily : by days from the day itself; day 0 must be there. Only depths that are known count, nought among them.

    Source: designed; the rule of the authors of the long-term series is not known.
    """
    own = daily[0]
    gap = own.quality == SnowQuality.NO_DATA
    total, weights = np.zeros(own.depth.shape), np.zeros(own.depth.shape)
    for days, near in daily.items():
        if days != 0:
            seen = gap & np.isfinite(near.depth)
            total[seen] += near.depth[seen] / abs(days)
            weights[seen] += 1.0 / abs(days)
    filled = weights > 0
    depth, quality = own.depth.copy(), own.quality.copy()
    depth[filled] = total[filled] / weights[filled]
    quality[filled] = SnowQuality.GAP_FILLED
    return DayDepth(depth, quality, own.screening)
