"""Brightness temperature of one pass at the level of one reference sensor, for every passive-microwave product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from icestream_core.inputs import Align, Input, hours, source
from icestream_core.period import day
from icestream_core.product import OnLattice, Product, Reference
from icestream_core.variable import Flags, Variable, Written
from icestream_foundation.channels import CHANNELS
from icestream_foundation.transfers import FIT
from icestream_physics.constant import constant
from icestream_physics.intercalibration import linear_transfer

if TYPE_CHECKING:
    import xarray as xr

REFERENCE_SENSOR = "ssmis"
"""The reference that Dai, Che & Ding 2015 recommend."""

COLDEST = constant(50.0, "K", source="nothing on Earth shines colder at these frequencies", certainty="design")
WARMEST = constant(350.0, "K", source="nothing on Earth shines warmer at these frequencies", certainty="design")
STEP = constant(
    0.02, "K", source="a thirtieth of the 0.6 K to which the radiometers know it; files of it come in 0.01 K or 0.1 K",
    certainty="design",
)  # fmt: skip

REFERENCE, FITTED, UNCALIBRATED, PARTLY_FITTED = range(4)


def cold_pass_tb(tb: xr.Dataset, transfers: xr.Dataset | None) -> dict[str, NDArray[np.generic]]:
    """Return the brightness temperature of each channel at the reference's level, K, and how it got there.

    tb : brightness temperature by channel, K, one sensor, one pass; a channel that the sensor lacks is absent
    transfers : rows of `platform`, `channel`, `slope` (1) and `intercept` (K); None where nothing was fitted

    A channel without a fitted transfer keeps its value: the reference sensor because it is the reference, any other
    flagged as uncalibrated. A channel that is absent is NaN everywhere, and so is what no Earth can shine with.
    Source: Dai, Che & Ding 2015, doi:10.3390/rs70607212 (their tables are not open: transfers are refitted).
    """
    lines = _lines(transfers, str(tb.attrs["platform"]))
    present = [channel for channel in CHANNELS if channel in tb]
    shape = (tb.sizes["y"], tb.sizes["x"])
    written: dict[str, NDArray[np.generic]] = {}
    for channel in CHANNELS:
        if channel not in present:
            written[channel] = np.full(shape, np.nan, dtype=np.float32)
            continue
        level = linear_transfer(tb[channel].values, *lines.get(channel, (1.0, 0.0))).astype(np.float32)
        written[channel] = np.where((level >= COLDEST) & (level <= WARMEST), level, np.float32(np.nan))
    state = _state(sum(channel in lines for channel in present), len(present), str(tb.attrs["sensor"]))
    written["calibration"] = np.full(shape, state, dtype=np.uint8)
    return written


def _state(fitted: int, channels: int, sensor: str) -> int:
    if fitted:
        return FITTED if fitted == channels else PARTLY_FITTED
    return REFERENCE if sensor == REFERENCE_SENSOR else UNCALIBRATED


def _lines(transfers: xr.Dataset | None, platform: str) -> dict[str, tuple[float, float]]:
    """Return slope and intercept (K) of a platform by channel."""
    if transfers is None:
        return {}
    rows = zip(*(transfers[name].values for name in ("platform", "channel", "slope", "intercept")), strict=True)
    return {str(channel): (float(slope), float(level)) for of, channel, slope, level in rows if of == platform}


def _brightness(channel: str) -> Variable:
    band, polarisation = channel[3:5], {"h": "horizontal", "v": "vertical"}[channel[5]]
    return Variable(
        unit="K",
        standard_name="brightness_temperature",
        long_name=f"brightness temperature, {band} GHz band, {polarisation} polarisation, at reference level",
        valid=(COLDEST, WARMEST),
        dtype="int16",
        step=float(STEP),
    )


WRITES: dict[str, Written] = {channel: _brightness(channel) for channel in CHANNELS}
WRITES["calibration"] = Flags(
    long_name="inter-sensor calibration",
    meanings={
        REFERENCE: "reference_sensor",
        FITTED: "fitted_transfer",
        UNCALIBRATED: "uncalibrated",
        PARTLY_FITTED: "fitted_transfer_for_some_channels_only",
    },
)

PRODUCT = Product(
    name="cold-pass-tb",
    version="1.0.0",
    title="Intercalibrated passive-microwave brightness temperature, cold and warm pass",
    summary="Brightness temperature of one day and pass on the sensor's own grid, brought to the level of SSMIS "
    "where a transfer has been fitted, and flagged where not. Cold is the pass nearest the night's end.",
    family="foundation",
    inputs={
        "tb": Input(
            sources=(
                source("amsr2-l3-tb", needs="18 36", wants="23 89", tiles="eq25 eq10"),
                # F18 before F17: its files take over where F17's 37 GHz vertical channel is impaired.
                source("nsidc-0032", needs="19h 19v 37h 37v", wants="22v 91h 91v", platforms="F18 F17 F16 F19"),
                source("nsidc-0032", needs="19h 19v 37h 37v", wants="22v 85h 85v", platforms="F13 F11 F08 F14 F15"),
                source("nsidc-0071", needs="18h 18v 37h 37v"),
            ),
            patience=hours(12),
        ),
        "transfers": Input(
            sources=(source("cold-pass-tb-transfers"),),
            role="parameters",
            optional=True,
            align=Align(native=True),
        ),
    },
    period=day(),
    tiled=True,
    variants=("cold", "warm"),
    kind=OnLattice(of=("tb",)),
    writes=WRITES,
    references=(
        Reference(
            citation="Dai, Che & Ding 2015: Inter-calibrating SMMR, SSM/I and SSMI/S data to improve the consistency "
            "of snow-depth products in China. Remote Sens. 7, 7212-7230",
            doi="10.3390/rs70607212",
        ),
    ),
    keywords=("microwave", "brightness temperature", "intercalibration"),
    fidelity="published-method-refit",
    designed="Orthogonal regression with clipping; identity, flagged as uncalibrated, until a transfer has been "
    "fitted; values outside 50 to 350 K are missing.",
    accuracy="Relative bias of snow depth between SSM/I and SSMIS in China falls from 66.18 % to -1.5 % (Dai et al. "
    "2015).",
    compute=cold_pass_tb,
    fit=FIT,
)
