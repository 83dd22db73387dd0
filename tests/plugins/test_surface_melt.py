"""Surface melt on a piece of central Greenland that is made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from icestream_core.errors import Void
from icestream_core.slot import Slot
from icestream_physics.sharpening import Blocks
from icestream_surface_melt.daily_albedo import daily_albedo
from icestream_surface_melt.ice_sheets import GREENLAND, belongs, blocks_of
from icestream_surface_melt.melt_codes import (
    DRY,
    EARLIER,
    MELT,
    NO_ALBEDO,
    OF_FEW_DAYS,
    OF_OTHER_PLATFORM,
    OUTSIDE,
    RECENT_ALBEDO,
    SHARPENED,
    UNSEEN,
)
from icestream_surface_melt.melt_rules import own_threshold
from icestream_surface_melt.surface_melt import surface_melt

Field = NDArray[np.float64]
PIECE = GREENLAND.fine.cut("central", -50.0, 70.0, -40.0, 75.0)
LON, LAT = np.meshgrid(-49.975 + 0.05 * np.arange(PIECE.width), 74.975 - 0.05 * np.arange(PIECE.height))
BLOCKS: Blocks = blocks_of(GREENLAND, LON[0], LAT[:, 0], np.arange(LON.size))
START = datetime(2014, 7, 15, tzinfo=UTC)
SLOT = Slot(product="surface-melt-greenland", period="20140715", start=START, end=START + timedelta(days=1))
WINTER = 155.0


def blocky(fine: Field) -> Field:
    """Return a field as a radiometer of 25 km gives it: one value a coarse cell."""
    return BLOCKS.spread(BLOCKS.mean(fine.ravel())).reshape(PIECE.shape)


def passes(*fields: Field, platform: str = "F17", tb_37v: float | None = None) -> xr.Dataset:
    stack = np.stack([field.astype(np.float32) for field in fields])
    of_37 = stack if tb_37v is None else np.broadcast_to(np.float32(tb_37v), stack.shape)
    dims = ("granule", "y", "x")
    return xr.Dataset({"tb_19h": (dims, stack), "tb_37v": (dims, of_37)}, attrs={"platform": platform})


def winter(mean: float | Field = WINTER, *, days: float = 90, deviation: float = 4.0, swing: float = 3.0) -> xr.Dataset:
    values = {"winter_tb": mean, "winter_deviation": deviation, "winter_swing": swing, "days": days}
    fields = {name: (("y", "x"), np.broadcast_to(np.float32(value), PIECE.shape)) for name, value in values.items()}
    return xr.Dataset(fields, attrs={"platform": "F17"})


def composites(*fields: Field, first: datetime = datetime(2014, 7, 12, tzinfo=UTC)) -> xr.Dataset:
    times = [np.datetime64((first + timedelta(days=8 * n)).replace(tzinfo=None), "ns") for n in range(len(fields))]
    stack = np.stack([field.astype(np.float32) for field in fields])
    return xr.Dataset({"white_sky_albedo": (("granule", "y", "x"), stack)}, {"time": ("granule", times)})


def melt(tb: xr.Dataset, **given: Any) -> dict[str, NDArray[np.generic]]:
    asked: dict[str, Any] = {
        "own_reference": winter(),
        "reference": winter(),
        "albedo": None,
        "recent_albedo": None,
        "ice": None,
        "land": xr.Dataset({"land_fraction": (("y", "x"), np.ones(PIECE.shape, np.float32))}),
        "longitude": xr.DataArray(LON, dims=("y", "x")),
        "latitude": xr.DataArray(LAT, dims=("y", "x")),
        "slot": SLOT,
        "rule": "m30",
        "threshold": 0.0,
    }
    return surface_melt(GREENLAND, tb, **asked | given)


def a_day() -> tuple[Field, Field, Field]:
    """Return the truth of a day, K, as a radiometer sees it, and the albedo: the south melts, in spots."""
    spots = 4.0 * np.sin(LON * 40.0) * np.sin(LAT * 60.0)
    excess = np.clip(40.0 - 16.0 * (LAT - 71.0) + spots, 0.0, 60.0)
    return WINTER + excess, blocky(WINTER + excess), 0.83 - excess / 200.0


def test_what_is_thirty_kelvin_above_winter_melts_and_nothing_else() -> None:
    _, seen, _ = a_day()
    found = melt(passes(seen))
    melts, excess = found["melt"] == MELT, found["tb_excess"]
    assert melts.any() and (found["melt"] == DRY).any()
    np.testing.assert_array_equal(melts, excess >= np.float32(30.0))
    assert melts[LAT < 70.8].all() and not melts[LAT > 72.5].any()


def test_albedo_brings_back_the_spots_that_the_radiometer_blurs() -> None:
    truth, seen, albedo = a_day()
    sharp, plain = melt(passes(seen), albedo=composites(albedo, albedo)), melt(passes(seen))

    def rmse(found: dict[str, NDArray[np.generic]]) -> float:
        return float(np.sqrt(np.mean((found["tb_excess"] - (truth - WINTER)) ** 2)))

    assert rmse(sharp) < 0.6 * rmse(plain)
    assert set(np.unique(sharp["sharpening"])) == {SHARPENED}
    assert set(np.unique(plain["sharpening"])) == {NO_ALBEDO}


def test_the_mean_over_every_cell_of_25_km_is_kept() -> None:
    _, seen, albedo = a_day()
    found = melt(passes(seen), albedo=composites(albedo, albedo))
    kept = BLOCKS.mean(found["tb_excess"].ravel())
    np.testing.assert_allclose(kept, BLOCKS.mean(seen.ravel()) - WINTER, atol=2e-5, rtol=0)


def test_the_melt_area_is_that_of_25_km_within_a_twentieth() -> None:
    _, seen, albedo = a_day()
    fine = melt(passes(seen), albedo=composites(albedo, albedo))["melt"] == MELT
    coarse = seen - WINTER >= 30.0
    weight = np.cos(np.radians(LAT))
    assert (fine * weight).sum() == pytest.approx((coarse * weight).sum(), rel=0.05)


def test_a_uniform_albedo_changes_nothing() -> None:
    _, seen, _ = a_day()
    uniform = np.full(PIECE.shape, 0.8)
    sharp, plain = melt(passes(seen), albedo=composites(uniform, uniform)), melt(passes(seen))
    np.testing.assert_allclose(sharp["tb_excess"], plain["tb_excess"], atol=1e-4)
    np.testing.assert_array_equal(sharp["melt"], plain["melt"])


def test_the_day_is_the_mean_of_its_passes_and_says_how_many_there_were() -> None:
    day, night = np.full(PIECE.shape, WINTER + 50.0), np.full(PIECE.shape, WINTER + 20.0)
    night[:, :40] = np.nan
    both = melt(passes(day, night))
    assert set(np.unique(both["passes"])) == {1, 2}
    np.testing.assert_allclose(both["tb_excess"][:, 90:], 35.0, atol=1e-3)
    assert set(np.unique(melt(passes(day))["passes"])) == {1}


def test_what_no_pass_saw_is_neither_melt_nor_dry() -> None:
    _, seen, albedo = a_day()
    holed = np.where((LON < -45.0), np.nan, seen)
    found = melt(passes(holed), albedo=composites(albedo, albedo))
    unseen = np.isnan(BLOCKS.spread(BLOCKS.mean(holed.ravel()))).reshape(PIECE.shape)
    assert unseen.mean() > 0.4
    for name in ("melt", "sharpening", "reference"):
        np.testing.assert_array_equal(found[name] == UNSEEN, unseen)
    np.testing.assert_array_equal(np.isnan(found["tb_excess"]), unseen)


def test_a_day_without_any_pass_is_void() -> None:
    with pytest.raises(Void, match="no pass saw the ice sheet of Greenland"):
        melt(passes(np.full(PIECE.shape, np.nan)))


def test_without_its_own_winter_it_takes_the_one_before_and_says_so() -> None:
    _, seen, _ = a_day()
    codes = {
        "own": melt(passes(seen)),
        "earlier": melt(passes(seen), own_reference=None),
        "few": melt(passes(seen), own_reference=winter(days=5)),
        "other": melt(passes(seen, platform="GW1"), own_reference=None),
    }
    assert {name: int(found["reference"].max()) for name, found in codes.items()} == {
        "own": 0,
        "earlier": EARLIER,
        "few": OF_FEW_DAYS,
        "other": EARLIER + OF_OTHER_PLATFORM,
    }


def test_where_winter_is_not_known_nothing_is_told() -> None:
    mean = np.full(PIECE.shape, WINTER)
    mean[LON < -45.0] = np.nan
    found = melt(passes(a_day()[1]), own_reference=winter(mean))
    assert (found["melt"][LON < -46.5] == UNSEEN).all()
    assert (found["melt"][LON > -43.5] != UNSEEN).all()


def test_a_recent_albedo_stands_in_where_the_day_has_none() -> None:
    _, seen, albedo = a_day()
    own = np.where(LON < -45.0, np.nan, albedo)
    recent = xr.Dataset({"white_sky_albedo": (("y", "x"), np.where(LAT > 74.0, np.nan, albedo).astype(np.float32))})
    found = melt(passes(seen), albedo=composites(own, own), recent_albedo=recent)["sharpening"]
    assert (found[LON > -45.0] == SHARPENED).all()
    assert (found[(LON < -45.0) & (LAT < 74.0)] == RECENT_ALBEDO).all()
    assert (found[(LON < -45.0) & (LAT > 74.0)] == NO_ALBEDO).all()


def test_in_the_polar_night_the_brightness_temperature_is_but_interpolated() -> None:
    _, seen, _ = a_day()
    night = np.full(PIECE.shape, np.nan)
    dark, without = melt(passes(seen), albedo=composites(night, night)), melt(passes(seen))
    np.testing.assert_array_equal(dark["tb_excess"], without["tb_excess"])
    assert set(np.unique(dark["sharpening"])) == {NO_ALBEDO}


def test_three_deviations_is_another_rule_and_a_word_that_is_no_rule_is_refused() -> None:
    seen = np.full(PIECE.shape, WINTER + 13.0)
    assert (melt(passes(seen), rule="sigma")["melt"] == MELT).all()
    assert (melt(passes(seen), rule="sigma", threshold=3.5)["melt"] == DRY).all()
    assert (melt(passes(seen))["melt"] == DRY).all()
    one_day = winter(days=1, deviation=np.nan)
    assert (melt(passes(seen), own_reference=one_day, rule="sigma")["melt"] == UNSEEN).all()
    with pytest.raises(ValueError, match="rule is 'mote'; wanted m30, sigma, xpgr, d-dav"):
        melt(passes(seen), rule="mote")


def test_the_cross_polarised_ratio_is_a_rule_without_winter() -> None:
    """By hand: (215 - 220) / 435 is -0.0115, above -0.0158; (205 - 220) / 425 is -0.0353, below."""
    wet, dry = (passes(np.full(PIECE.shape, value), tb_37v=220.0) for value in (215.0, 205.0))
    cold_winter, warm_winter = winter(150.0), winter(240.0)
    for reference in (cold_winter, warm_winter):
        assert (melt(wet, rule="xpgr", own_reference=reference)["melt"] == MELT).all()
        assert (melt(dry, rule="xpgr", own_reference=reference)["melt"] == DRY).all()
    # Of SMMR the threshold is -0.0265: (209 - 220) / 429 is -0.0256.
    between = passes(np.full(PIECE.shape, 209.0), tb_37v=220.0)
    assert (melt(between, rule="xpgr")["melt"] == DRY).all()
    assert (melt(between.assign_attrs(sensor="smmr"), rule="xpgr")["melt"] == MELT).all()


@pytest.mark.parametrize(
    ("sensor", "platform", "threshold"),
    [("smmr", "N07", -0.0265), ("ssmi", "F08", -0.0158), ("ssmi", "F13", -0.0154), ("ssmis", "F17", -0.0158)],
)
def test_the_cross_polarised_ratio_turns_where_the_paper_has_it_for_the_sensor(
    sensor: str, platform: str, threshold: float
) -> None:
    tb = xr.Dataset(attrs={"sensor": sensor, "platform": platform})
    assert own_threshold("xpgr", tb) == threshold


def test_the_days_amplitude_is_a_rule_that_needs_both_passes() -> None:
    night, day = np.full(PIECE.shape, WINTER), np.full(PIECE.shape, WINTER + 13.5)
    assert (melt(passes(night, day), rule="d-dav")["melt"] == MELT).all()
    assert (melt(passes(night, day), rule="d-dav", own_reference=winter(swing=4.0))["melt"] == DRY).all()
    assert (melt(passes(day), rule="d-dav")["melt"] == UNSEEN).all()
    assert (melt(passes(night, day), rule="d-dav", own_reference=winter(swing=np.nan))["melt"] == UNSEEN).all()


def test_outside_the_ice_is_outside_by_the_mask_and_by_the_land_without_one() -> None:
    classes = np.where(LON < -45.0, 0.0, 101.0).astype(np.float32)
    ice = xr.Dataset({"surface_class": (("y", "x"), classes)})
    by_mask = melt(passes(a_day()[1]), ice=ice)
    np.testing.assert_array_equal(by_mask["melt"] == OUTSIDE, LON < -45.0)
    sea = xr.Dataset({"land_fraction": (("y", "x"), np.where(LON < -45.0, 0.1, 0.9).astype(np.float32))})
    by_land = melt(passes(a_day()[1]), land=sea)
    for name in ("melt", "sharpening", "reference", "passes"):
        np.testing.assert_array_equal(by_land[name] == OUTSIDE, LON < -45.0)


@pytest.mark.parametrize(
    ("place", "lon", "lat", "inside"),
    [
        ("Summit", -38.5, 72.6, True),
        ("Swiss Camp", -49.3, 69.6, True),
        ("Humboldt Glacier", -64.5, 79.7, True),
        ("Flade Isblink", -16.0, 81.3, True),
        ("Agassiz Ice Cap, Ellesmere", -74.0, 80.3, False),
        ("Barnes Ice Cap, Baffin", -73.0, 70.0, False),
        ("Vatnajoekull", -17.0, 64.4, False),
    ],
)
def test_the_ice_of_canada_and_of_iceland_is_not_greenlands(place: str, lon: float, lat: float, inside: bool) -> None:
    assert bool(belongs(GREENLAND, np.array([lon]), np.array([lat]))[0]) is inside, place


def test_albedo_is_linear_between_the_middles_of_composites() -> None:
    cells = np.arange(3)
    before, after = np.array([[0.8, 0.8, np.nan]]), np.array([[0.6, np.nan, np.nan]])
    two = composites(before, after, first=datetime(2014, 7, 4, tzinfo=UTC))
    # Middles: 8 and 16 July, 0 h. Noon of the 15th is 7.5 of the 8 days on.
    np.testing.assert_allclose(daily_albedo(two, SLOT, cells), [0.8 - 0.2 * 7.5 / 8, 0.8, np.nan], rtol=1e-6)
    only = composites(before, first=datetime(2014, 7, 12, tzinfo=UTC))
    np.testing.assert_allclose(daily_albedo(only, SLOT, cells), [0.8, 0.8, np.nan], rtol=1e-6)
