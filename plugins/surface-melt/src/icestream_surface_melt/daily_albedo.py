"""The albedo of a day, from composites of eight days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

HALF_COMPOSITE = timedelta(days=4)


def daily_albedo(albedo: xr.Dataset, slot: Slot, cells: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the albedo of chosen cells at noon of the day, 0 to 1: linear between the middles of two composites.

    albedo : `white_sky_albedo` on (granule, y, x), each with the `time` at which its composite begins
    cells : flat indices
    Where one of the two composites lacks the cell, the other holds; NaN where both do. Source: designed.
    """
    noon = np.datetime64((slot.start + (slot.end - slot.start) / 2).replace(tzinfo=None), "s")
    middle = albedo["time"].values.astype("datetime64[s]") + np.timedelta64(HALF_COMPOSITE)
    order = np.argsort(middle)
    fields = albedo["white_sky_albedo"].values
    before = [place for place in order if middle[place] <= noon][-1:]
    after = [place for place in order if middle[place] > noon][:1]
    first, last = ((before or after)[0], (after or before)[0])
    here, there = (fields[place].ravel()[cells].astype(np.float64) for place in (first, last))
    if first == last:
        return np.asarray(here)
    share = (noon - middle[first]) / (middle[last] - middle[first])
    mixed = here + share * (there - here)
    return np.asarray(np.where(np.isfinite(mixed), mixed, np.where(np.isfinite(here), here, there)))
