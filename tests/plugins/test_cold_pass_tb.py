from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.variable import Flags, Variable
from icestream_foundation.cold_pass_tb import (
    CHANNELS,
    FITTED,
    PARTLY_FITTED,
    PRODUCT,
    REFERENCE,
    UNCALIBRATED,
    cold_pass_tb,
)
from icestream_physics.intercalibration import fit_transfer
from icestream_readers.amsr2_l3_tb import FREQUENCIES
from icestream_readers.ease_format import CHANNELS as EASE_CHANNELS
from icestream_readers.nsidc_0032 import SENSORS

SMMR = ("tb_19h", "tb_19v", "tb_37h", "tb_37v")


def one_pass(sensor: str, platform: str, channels: Mapping[str, float] | None = None) -> xr.Dataset:
    given = channels or dict.fromkeys(CHANNELS, 240.0)
    data = {name: (("y", "x"), np.full((2, 3), value, np.float32)) for name, value in given.items()}
    return xr.Dataset(data, attrs={"sensor": sensor, "platform": platform})


def lines(*rows: tuple[str, str, float, float]) -> xr.Dataset:
    columns = dict(zip(("platform", "channel", "slope", "intercept"), zip(*rows, strict=True), strict=True))
    return xr.Dataset({name: ("row", np.array(column)) for name, column in columns.items()})


def state(made: Mapping[str, np.ndarray]) -> int:
    (code,) = np.unique(made["calibration"])
    return int(code)


@pytest.mark.parametrize(
    ("sensor", "platform", "code"),
    [
        ("ssmis", "F17", REFERENCE),
        ("ssmis", "F18", REFERENCE),
        ("ssmi", "F13", UNCALIBRATED),
        ("smmr", "N07", UNCALIBRATED),
        ("amsr2", "GW1", UNCALIBRATED),
    ],
)
def test_without_a_transfer_values_stay_and_only_the_reference_needs_none(
    sensor: str, platform: str, code: int
) -> None:
    tb = one_pass(sensor, platform)
    made = cold_pass_tb(tb, None)
    assert state(made) == code
    for channel in CHANNELS:
        np.testing.assert_array_equal(made[channel], tb[channel].values)


def test_a_fitted_transfer_is_applied_to_its_platform_and_channel_only() -> None:
    transfers = lines(*(("F13", channel, 1.02, -3.0) for channel in CHANNELS), ("F11", "tb_19h", 2.0, 0.0))
    f13, f11, f08 = (cold_pass_tb(one_pass("ssmi", platform), transfers) for platform in ("F13", "F11", "F08"))
    for channel in CHANNELS:
        np.testing.assert_allclose(f13[channel], 1.02 * 240.0 - 3.0, rtol=1e-6)
        np.testing.assert_array_equal(f08[channel], 240.0)
    assert (state(f13), state(f11), state(f08)) == (FITTED, PARTLY_FITTED, UNCALIBRATED)


def test_channels_that_the_sensor_lacks_do_not_make_its_calibration_partial() -> None:
    tb = one_pass("smmr", "N07", dict.fromkeys(SMMR, 240.0))
    made = cold_pass_tb(tb, lines(*(("N07", channel, 1.0, 1.0) for channel in SMMR)))
    assert state(made) == FITTED
    for channel in set(CHANNELS) - set(SMMR):
        assert np.isnan(made[channel]).all()


def test_a_transfer_fitted_on_an_overlap_brings_the_sensor_home() -> None:
    # Truth at the reference, and the same seen by a sensor that is 2 % and 4 K off with 0.7 K of noise.
    rng = np.random.default_rng(11)
    truth = rng.uniform(180, 280, 4000)
    seen = (truth + 4.0) / 1.02 + rng.normal(0, 0.7, truth.size)
    fitted = fit_transfer(seen, truth)
    transfers = lines(*(("F13", channel, fitted.slope, fitted.intercept) for channel in SMMR))
    scene = {name: (("y", "x"), seen[:60].reshape(6, 10).astype(np.float32)) for name in SMMR}
    made = cold_pass_tb(xr.Dataset(scene, attrs={"sensor": "ssmi", "platform": "F13"}), transfers)
    residual = made["tb_37h"].ravel() - truth[:60]
    assert abs(residual.mean()) < 0.3
    assert residual.std() < 1.0


def test_what_nothing_on_earth_shines_with_is_missing() -> None:
    tb = one_pass("ssmis", "F17", {**dict.fromkeys(CHANNELS, 240.0), "tb_19h": 49.0, "tb_19v": 351.0, "tb_37h": 50.0})
    made = cold_pass_tb(tb, None)
    assert np.isnan(made["tb_19h"]).all()
    assert np.isnan(made["tb_19v"]).all()
    assert (made["tb_37h"] == 50.0).all()


@given(
    hnp.arrays(np.float32, (7, 2, 2), elements=st.one_of(st.floats(0.5, 350, width=32), st.just(np.float32(np.nan)))),
    st.floats(0.8, 1.2),
    st.floats(-20, 20),
    st.sets(st.sampled_from(CHANNELS[2:])),
)
def test_any_pass_gives_what_the_record_promises_and_touches_nothing(
    values: np.ndarray, slope: float, intercept: float, absent: set[str]
) -> None:
    present = [channel for channel in CHANNELS if channel not in absent]
    data = {channel: (("y", "x"), values[place].copy()) for place, channel in enumerate(present)}
    tb = xr.Dataset(data, attrs={"sensor": "ssmi", "platform": "F13"})
    transfers = lines(("F13", "tb_19h", slope, intercept))
    before, rows = tb.copy(deep=True), transfers.copy(deep=True)
    made = cold_pass_tb(tb, transfers)
    xr.testing.assert_identical(tb, before)
    xr.testing.assert_identical(transfers, rows)
    assert made.keys() == PRODUCT.writes.keys()
    for name, written in PRODUCT.writes.items():
        if isinstance(written, Variable):
            known = made[name][np.isfinite(made[name])]
            assert made[name].dtype == np.float32
            assert ((known >= written.valid[0]) & (known <= written.valid[1])).all()
        else:
            assert set(np.unique(made[name]).tolist()) <= written.meanings.keys()
    for channel in absent:
        assert np.isnan(made[channel]).all()


def test_the_record_asks_for_parts_that_the_readers_know() -> None:
    amsr2, ssmis, ssmi, smmr = PRODUCT.inputs["tb"].sources
    assert set(amsr2.needs + amsr2.wants) <= FREQUENCIES.keys()
    for source, sensor in ((ssmis, "ssmis"), (ssmi, "ssmi"), (smmr, "smmr")):
        bands = EASE_CHANNELS[sensor]
        assert {bands[part].variable for part in source.needs} == set(SMMR)
        assert {bands[part].variable for part in source.wants} <= set(CHANNELS)
        assert all(SENSORS[platform] == sensor for platform in source.platforms)
    assert {"F08", "F11", "F13"} <= set(ssmi.platforms)
    assert ssmis.platforms.index("F18") < ssmis.platforms.index("F17")


def test_every_channel_that_amsr2_can_give_has_a_place() -> None:
    _, *rest = PRODUCT.inputs["tb"].sources[0].needs
    given = {f"tb_{FREQUENCIES[part][0]}{p}" for part in ("18", "23", "36", "89") for p in "hv"}
    assert set(CHANNELS) <= given
    assert rest


def test_the_calibration_says_four_things() -> None:
    calibration = PRODUCT.writes["calibration"]
    assert isinstance(calibration, Flags)
    assert set(calibration.meanings) == {REFERENCE, FITTED, UNCALIBRATED, PARTLY_FITTED}
