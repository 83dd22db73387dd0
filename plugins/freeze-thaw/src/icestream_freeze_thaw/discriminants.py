"""Fitting the discriminant function to a sensor: Fisher's linear discriminant of frozen and thawed ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.fit import Fit, Fitted, parameter_set
from icestream_freeze_thaw.grids import GLOBE_025
from icestream_freeze_thaw.training import INPUTS, ROWS, by_sensor, sample_stations
from icestream_physics.freeze_thaw import FREEZE_THAW_INDEX, quasi_emissivity, zhao_2017

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Plane(NamedTuple):
    """by_tb : K-1; by_quasi, offset : 1. The index is above 0 where the ground is frozen."""

    by_tb: float
    by_quasi: float
    offset: float

    def frozen(self, tb_19h: FloatArray, tb_37v: FloatArray) -> BoolArray:
        return np.asarray(zhao_2017(tb_19h, tb_37v, self) > 0)


def discriminant(tb_19h: FloatArray, tb_37v: FloatArray, frozen: BoolArray) -> Plane:
    """Return the plane that parts frozen from thawed, both being as likely, in the units of the published index.

    tb_19h, tb_37v : brightness temperature, K
    frozen         : the truth; both states must occur
    Raises ValueError where colder ground would be the less frozen.
    Source: Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x; the two indicators are those of Zhao et al. 2011.
    """
    indicators = np.stack([tb_37v, quasi_emissivity(tb_19h, tb_37v)], axis=1)
    means = [indicators[state].mean(axis=0) for state in (frozen, ~frozen)]
    within = np.concatenate([indicators[state] - mean for state, mean in zip((frozen, ~frozen), means, strict=True)])
    scatter = within.T @ within / (frozen.size - 2)
    normal = np.linalg.solve(scatter, means[0] - means[1])
    if not normal[0] < 0:
        raise ValueError(f"the ground would thaw as it grows colder: {normal[0]:g} for each kelvin at 37 GHz")
    # As much for each kelvin as the published index has, so that indices of all sensors can be read alike.
    normal *= FREEZE_THAW_INDEX[0] / normal[0]
    return Plane(float(normal[0]), float(normal[1]), float(-normal @ (means[0] + means[1]) / 2.0))


def learn_discriminants(rows: Mapping[str, Any], seed: int) -> Fitted:
    """Return the plane of every sensor with enough rows. rows : as of `ROWS`"""
    return by_sensor(rows, seed, lambda _sensor, tb: (tb["tb_19h"], tb["tb_37v"]), discriminant)


def _plausible(data: Any) -> None:
    if not (data["by_tb"].values < 0).all():
        raise ValueError(
            f"colder ground would be the less frozen: by_tb {data['by_tb'].values.max():g}; wanted below 0"
        )


DISCRIMINANTS = parameter_set(
    "freeze-thaw-discriminants",
    "Fitted discriminants of freeze and thaw",
    {"sensor": "", "by_tb": "K-1", "by_quasi": "1", "offset": "1"},
    _plausible,
)
FIT = Fit(
    parameters="discriminants",
    inputs=INPUTS,
    rows=ROWS,
    sample=sample_stations,
    learn=learn_discriminants,
    grid=GLOBE_025,
)
