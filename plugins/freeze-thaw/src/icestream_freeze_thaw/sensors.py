"""At which frequencies a sensor looks, and at whose level its brightness temperatures are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

REFERENCE_SENSOR = "ssmis"
AT_REFERENCE_LEVEL = (0, 1)
"""Codes of `calibration` where cold-pass-tb leaves nothing of another sensor's level."""

BANDS: Mapping[str, tuple[float, float]] = {
    "smmr": (18.0, 37.0),
    "ssmi": (19.35, 37.0),
    "ssmis": (19.35, 37.0),
    "amsr-e": (18.7, 36.5),
    "amsr2": (18.7, 36.5),
}
"""GHz, of the channels that are called 19 and 37 whatever the sensor."""


def level_of(tb: xr.Dataset) -> str:
    """Return the sensor at whose level brightness temperatures are: its own, unless cold-pass-tb brought it to another.

    tb : of cold-pass-tb, or as a sensor's own files have it
    """
    own = str(tb.attrs["sensor"])
    if "calibration" not in tb:
        return own
    codes = tb["calibration"].values
    return REFERENCE_SENSOR if np.isin(codes[np.isfinite(codes)], AT_REFERENCE_LEVEL).all() else own
