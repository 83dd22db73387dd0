"""Brightness temperatures from the integers that files hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from icestream_core.errors import GranuleError
from icestream_core.granule import Granule

WARMEST_K = 350.0
"""Nothing on Earth shines warmer in the microwave; what is above is no measurement."""


def brightness_temperature(
    counts: NDArray[np.uint16], missing: NDArray[np.bool_], kelvin: float, granule: Granule
) -> NDArray[np.float32]:
    """Return brightness temperatures, K, NaN where missing.

    counts : integers of the file
    missing : where they are none
    kelvin : of one count
    Raises GranuleError where a value is above 350 K.
    """
    # 2163 / 10 is the float32 nearest to 216.3; 2163 * 0.1 is not always.
    values = (counts / (1.0 / kelvin)).astype(np.float32)
    values[missing] = np.nan
    absurd = int(np.count_nonzero(values > WARMEST_K))
    if absurd:
        raise GranuleError(
            f"{granule.granule_id} holds absurd brightness temperatures: {absurd} of {values.size} above "
            f"{WARMEST_K:g} K, the warmest {np.nanmax(values):.1f} K; is it another channel, byte order or file? "
            f"Fetch it again",
            granule.granule_id,
        )
    return values


def variable(values: NDArray[np.float32], name: str, frequency: float) -> xr.Variable:
    """Return a variable on (y, x). frequency : GHz"""
    attributes: Mapping[str, object] = {
        "units": "K",
        "standard_name": "brightness_temperature",
        "long_name": f"brightness temperature at {frequency:g} GHz, {'horizontal' if name[-1] == 'h' else 'vertical'}",
        "frequency": frequency,
    }
    return xr.Variable(("y", "x"), values, attributes)


def dataset(variables: Mapping[str, xr.Variable], granule: Granule) -> xr.Dataset:
    """Return a dataset that says which sensor and platform it is of."""
    return xr.Dataset(dict(variables), attrs={"sensor": granule.sensor, "platform": granule.platform})
