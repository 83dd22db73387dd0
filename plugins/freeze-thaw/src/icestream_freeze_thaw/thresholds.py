"""Fitting the two thresholds of the double index: temperature and spectral gradient, for each sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.fit import Fit, Fitted, parameter_set
from icestream_freeze_thaw.grids import GLOBE_025
from icestream_freeze_thaw.sensors import BANDS
from icestream_freeze_thaw.training import INPUTS, ROWS, by_sensor, sample_stations
from icestream_physics.freeze_thaw import spectral_gradient

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

COLDEST, WARMEST, KELVIN_STEP = 240.0, 270.0, 0.5
LOWEST, HIGHEST, GRADIENT_STEP = -0.6, 0.6, 0.02
"""The grid that is searched: T0 in K, S0 in K GHz-1."""


class Thresholds(NamedTuple):
    """T0, K, and S0, K GHz-1."""

    coldest_thawed: float
    steepest_frozen: float

    def frozen(self, tb_37v: FloatArray, gradient: FloatArray) -> BoolArray:
        return np.asarray((tb_37v < self.coldest_thawed) & (gradient < self.steepest_frozen))


def search(tb_37v: FloatArray, gradient: FloatArray, frozen: BoolArray) -> Thresholds:
    """Return the thresholds that tell frozen from thawed best: those of the greatest Youden index.

    tb_37v   : brightness temperature, K
    gradient : spectral gradient, K GHz-1
    frozen   : the truth; both states must occur
    Where several do equally well, the middle one of them holds. Youden 1950 counts both states alike, however many
    rows there are of each.
    """
    kelvins = np.arange(COLDEST, WARMEST + KELVIN_STEP / 2, KELVIN_STEP)
    slopes = np.arange(LOWEST, HIGHEST + GRADIENT_STEP / 2, GRADIENT_STEP)
    edges = [np.concatenate([[-np.inf], axis, [np.inf]]) for axis in (kelvins, slopes)]

    def below(rows: BoolArray) -> FloatArray:
        """The share of rows below every pair of thresholds."""
        count, _, _ = np.histogram2d(tb_37v[rows], gradient[rows], bins=edges)
        return np.asarray(count.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] / max(int(rows.sum()), 1))

    youden = below(frozen) - below(~frozen)
    best = np.argwhere(youden >= youden.max() - 1e-12)
    row, column = best[len(best) // 2]
    return Thresholds(round(float(kelvins[row]), 2), round(float(slopes[column]), 2))


def learn_thresholds(rows: Mapping[str, Any], seed: int) -> Fitted:
    """Return the thresholds of every sensor with enough rows. rows : as of `ROWS`"""
    return by_sensor(rows, seed, _indicators, search)


def _indicators(sensor: str, tb: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    return tb["tb_37v"], spectral_gradient(tb["tb_19v"], tb["tb_37v"], *BANDS[sensor])


def _plausible(data: Any) -> None:
    kelvin = data["coldest_thawed"].values
    if not ((kelvin > 220.0) & (kelvin < 290.0)).all():
        raise ValueError(f"ground is said to thaw at {kelvin.min():g} to {kelvin.max():g} K; wanted 220 to 290 K")


THRESHOLDS = parameter_set(
    "freeze-thaw-thresholds",
    "Fitted thresholds of the double index of freeze and thaw",
    {"sensor": "", "coldest_thawed": "K", "steepest_frozen": "K GHz-1"},
    _plausible,
)
FIT = Fit(
    parameters="thresholds", inputs=INPUTS, rows=ROWS, sample=sample_stations, learn=learn_thresholds, grid=GLOBE_025
)
