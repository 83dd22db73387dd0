"""What a radiometer sees of firn that begins to melt: how much brighter a little water makes it."""

from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.forward import BANDS, Polarisation
from icestream_physics.multilinear import multilinear

FloatArray = NDArray[np.float64]


def wet_firn_brightness_temperature(water: ArrayLike, frequency: float, polarisation: Polarisation) -> FloatArray:
    """Return the brightness temperature of firn whose upper 10 cm are wet, K, at 55 degrees incidence.

    water : liquid water over the volume of that layer, 0 to 0.03
    frequency : GHz, one of the channels of `forward.BANDS`
    polarisation : "V" or "H"
    Errors: ValueError outside these ranges.
    Source: SMRT, Picard et al. 2018, Geosci. Model Dev. 11, 2763-2788, doi:10.5194/gmd-11-2763-2018; the firn is ours.
    """
    if frequency not in BANDS:
        raise ValueError(f"no channel at {frequency} GHz; there are {', '.join(map(str, BANDS))} GHz")
    table = _table()
    channel = int(np.argmin(np.abs(table.frequency - frequency)))
    brightness = table.brightness[:, channel, ("V", "H").index(polarisation)]
    return multilinear(brightness, (table.water,), (water,))


class _Table(NamedTuple):
    brightness: FloatArray
    water: FloatArray
    frequency: FloatArray


@cache
def _table() -> _Table:
    path = resources.files("icestream_physics") / "tables" / "wet_firn.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return _Table(*(stored[name].astype(np.float64) for name in _Table._fields))
