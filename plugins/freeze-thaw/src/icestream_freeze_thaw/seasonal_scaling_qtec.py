"""Where between its frozen winter and its thawed summer the backscatter of a month stands, track by track, at 100 m."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.inputs import Align, Input, days, source
from icestream_core.period import month
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Flags, Variable
from icestream_core.window import steps
from icestream_freeze_thaw.corridor import CORRIDOR_100M
from icestream_freeze_thaw.papers import WANG_2022
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

    from icestream_core.slot import Slot

FloatArray = NDArray[np.floating]

FROZEN_MONTHS, THAWED_MONTHS = (1, 2), (7, 8)
LEAST_SWING = constant(
    2.0, "dB", source="from winter to summer; less tells no thaw from what else changes", certainty="design"
)
LOWEST, HIGHEST = (
    constant(value, "1", source="what lies beyond is put there: rain, snow, a new surface", certainty="design")
    for value in (-1.0, 2.0)
)
DARKEST = constant(1e-5, "1", source="what the noise exceeds is as dark as this, -50 dB", certainty="design")

SCALED, NOT_SEEN, NO_REFERENCE, TOO_LITTLE_SWING = range(4)


def seasonal_scaling_qtec(radar: xr.Dataset, slot: Slot) -> dict[str, NDArray[np.generic]]:
    """Return the backscatter of a month on a scale from 0, the mean of its winter, to 1, that of its summer.

    radar : `gamma0_vv`, 1, mean of the scenes of one track, of twelve months on (step, y, x), the last the slot's own
    slot : tells the month
    Raises Void where no month of winter or none of summer was seen on the track.
    Source: our own reading of the seasonal scaling of Wang et al. 2022, doi:10.3390/rs14122854.
    """
    months = (slot.start.month - 1 + radar["step"].values.astype(int)) % 12 + 1
    gamma = radar["gamma0_vv"].values
    own = decibel(gamma[-1])
    frozen, thawed = (
        _mean([decibel(gamma[place]) for place in np.flatnonzero(np.isin(months, season))])
        for season in (FROZEN_MONTHS, THAWED_MONTHS)
    )
    for what, level in (("January or February", frozen), ("July or August", thawed)):
        if np.isnan(level).all():
            raise Void(f"the track was not seen in {what}, in the month and the eleven before")
    swing = thawed - frozen
    with np.errstate(invalid="ignore", divide="ignore"):
        enough = swing >= LEAST_SWING
        scaling = np.where(enough, (own - frozen) / swing, np.nan).clip(LOWEST, HIGHEST)
    detail = np.full(own.shape, SCALED, np.uint8)
    detail[~enough] = TOO_LITTLE_SWING
    detail[np.isnan(swing)] = NO_REFERENCE
    detail[np.isnan(own)] = NOT_SEEN
    return {"scaling": scaling.astype(np.float32), "detail": detail}


def decibel(power: FloatArray) -> FloatArray:
    """Return a ratio of powers, 1, in dB; nought is as dark as can be."""
    return np.asarray(10.0 * np.log10(np.maximum(power, np.float32(DARKEST))))


def _mean(levels: Sequence[FloatArray]) -> FloatArray:
    shape = levels[0].shape
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for level in levels:
        known = np.isfinite(level)
        np.add(total, level, out=total, where=known)
        count += known
    return np.divide(total, count, out=np.full(shape, np.nan, np.float32), where=count > 0)


PRODUCT = Product(
    name="seasonal-scaling-qtec",
    version="1.0.0",
    title="Monthly seasonal scaling of Sentinel-1, Qinghai-Tibet corridor",
    summary="How far the VV backscatter of a month stands from that of January and February towards that of July and "
    "August, each track for itself, so that what the angle of view and the terrain do to it cancels.",
    family="freeze-thaw",
    inputs={
        "radar": Input(
            sources=(source("sentinel1-gamma0-qtec"),),
            window=steps(-11, 0),
            align=Align(resampling="average", combine="mean"),
            patience=days(3),
            revise="closing",
        )
    },
    period=month(),
    tiled=True,
    variants=("ascending", "descending"),
    kind=OnGrid(grid=CORRIDOR_100M),
    writes={
        "scaling": Variable(
            unit="1",
            long_name="backscatter between that of winter (0) and that of summer (1)",
            valid=(float(LOWEST), float(HIGHEST)),
        ),
        "detail": Flags(
            long_name="why there is a scaling or none",
            meanings={
                SCALED: "scaled",
                NOT_SEEN: "not_seen_in_the_month",
                NO_REFERENCE: "winter_or_summer_not_seen",
                TOO_LITTLE_SWING: "too_little_swing_between_winter_and_summer",
            },
        ),
    },
    references=(WANG_2022,),
    keywords=("Sentinel-1", "backscatter", "freeze thaw", "Tibetan Plateau"),
    fidelity="inspired-by",
    designed="Winter is January and February, summer July and August, of the month and the eleven before it; in dB; "
    "cells that swing by less than 2 dB are left out.",
    compute=seasonal_scaling_qtec,
)
