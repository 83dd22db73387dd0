"""What freeze-thaw-qtec-100m makes of months of patterned ground whose state is known, and what terrain does to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import xarray as xr

from icestream_core.slot import Slot
from icestream_freeze_thaw import freeze_thaw_qtec_100m as product
from icestream_freeze_thaw.corridor import CORRIDOR_001, CORRIDOR_100M
from icestream_freeze_thaw.frost_likelihood import signs
from icestream_freeze_thaw.seasonal_scaling_qtec import seasonal_scaling_qtec
from scores.card import Check

GRID = CORRIDOR_100M.window("nagqu", 480, 5620, 60, 60)
LATITUDE, LONGITUDE = 31.5, 92.0
FREEZING_K = 273.15
MONTHS = np.linspace(-8.0, 8.0, 33)
"""Mean temperature of the ground of each month, degrees Celsius."""
PATTERN_K, WEATHER_K, LST_OFF_K = 1.5, 2.0, 2.0
"""Standard deviations: of places about their mean, of days about the month's, of the mean surface temperature."""
SCENES = (2, 8, 14, 20, 26)
"""Days of the month on which the radar comes."""
LOOKS = 440.0
SWING_DB = 3.5
OPTIONS = product.PRODUCT.options


class Month(NamedTuple):
    """truth : whether each place was frozen on most days. Then the three sensors' answers, alone and together."""

    truth: np.ndarray
    radar: np.ndarray
    coarse: np.ndarray
    fused: np.ndarray


def _slot(month: int) -> Slot:
    start = datetime(2020, month, 1, tzinfo=UTC)
    return Slot(product="corridor", period=f"2020{month:02d}", start=start, end=start + timedelta(days=30),
                variant="descending")  # fmt: skip


def _backscatter(frozen: np.ndarray, terrain: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return gamma nought of a month, the mean of as many speckled scenes as `frozen` has layers."""
    clean = 10.0 ** ((-11.0 - SWING_DB * frozen + terrain) / 10.0)
    return (clean * dice.gamma(LOOKS, 1.0 / LOOKS, clean.shape)).mean(axis=0)


def _scaling(own: np.ndarray, terrain: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return the scaling of a month of October, with a winter and a summer of five scenes each before it."""
    gamma = np.full((12, *GRID.shape), np.nan, np.float32)
    all_frozen = np.ones((len(SCENES), *GRID.shape))
    for step, frozen in ((0, own), (-9, all_frozen), (-8, all_frozen), (-3, 0 * all_frozen), (-2, 0 * all_frozen)):
        gamma[step + 11] = _backscatter(frozen, terrain, dice)
    radar = xr.Dataset({"gamma0_vv": (("step", "y", "x"), gamma)}, {"step": np.arange(-11, 1)})
    return seasonal_scaling_qtec(radar, _slot(10))["scaling"]


@cache
def _months() -> tuple[Month, ...]:
    dice = np.random.default_rng(5)
    return tuple(_month(mean, dice) for mean in MONTHS)


def _month(mean: float, dice: np.random.Generator) -> Month:
    places = mean + PATTERN_K * dice.standard_normal(GRID.shape)
    weather = WEATHER_K * dice.standard_normal(30)
    frozen_days = places + weather[:, np.newaxis, np.newaxis] < 0
    scaling = _scaling(frozen_days[list(SCENES)].astype(float), 0.0 * places, dice)
    share = np.full(CORRIDOR_001.shape, (mean + weather < 0).mean(), np.float32)
    lst = np.full(CORRIDOR_001.shape, FREEZING_K + mean + LST_OFF_K * dice.standard_normal(), np.float32)
    coarse = xr.Dataset({"frozen_share_night": (("y", "x"), share), "lst_night": (("y", "x"), lst)})
    made = product.freeze_thaw_qtec_100m(
        xr.Dataset({"scaling": (("y", "x"), scaling)}),
        coarse,
        GRID,
        xr.DataArray(np.full(GRID.shape, LATITUDE)),
        xr.DataArray(np.full(GRID.shape, LONGITUDE)),
        _slot(10),
        **OPTIONS,
    )
    radiometer, surface = (sign[0, 0] for sign in signs(coarse, "descending"))
    alone = np.full(GRID.shape, radiometer + surface > 0)
    return Month(frozen_days.mean(axis=0) > 0.5, scaling < 0.5, alone, made["freeze_thaw"] == product.FROZEN)


def _accuracy(answer: str) -> float:
    return float(np.mean([getattr(month, answer) == month.truth for month in _months()]))


def _gain(over: str) -> float:
    return _accuracy("fused") - _accuracy(over)


def _terrain() -> float:
    """Return how far slopes of up to 6 dB move a scaling that is drawn with the same speckle without them."""
    half = np.random.default_rng(7).random(GRID.shape) < 0.5
    frozen = np.broadcast_to(half, (len(SCENES), *GRID.shape)).astype(float)
    slopes = np.random.default_rng(8).uniform(-6.0, 6.0, GRID.shape)
    flat, steep = (_scaling(frozen, terrain, np.random.default_rng(9)) for terrain in (0.0 * slopes, slopes))
    return float(np.abs(flat - steep).max())


def _sides() -> float:
    """Return the share of wholly frozen or thawed cells whose speckled scaling lies on their side of one half."""
    half = np.random.default_rng(7).random(GRID.shape) < 0.5
    frozen = np.broadcast_to(half, (len(SCENES), *GRID.shape)).astype(float)
    scaling = _scaling(frozen, np.zeros(GRID.shape), np.random.default_rng(9))
    return float(((scaling < 0.5) == half).mean())


S13, SCALING = "freeze-thaw-qtec-100m", "seasonal-scaling-qtec"
PATTERNED = f"{MONTHS.size} months of patterned ground, 5 scenes, daily passes"
CHECKS = (
    Check(SCALING, "cells on their side of one half", "speckle of 440 looks", _sides, 0.99, "1", "at least"),
    Check(SCALING, "moved by slopes of 6 dB, worst cell", "the same speckle without", _terrain, 1e-4),
    Check(S13, "overall accuracy", PATTERNED, partial(_accuracy, "fused"), 0.90, "1", "at least"),
    Check(S13, "gain over the radar alone", PATTERNED, partial(_gain, "radar"), 0.0, "1", "at least"),
    Check(S13, "gain over the coarse signs alone", PATTERNED, partial(_gain, "coarse"), 0.01, "1", "at least"),
)
