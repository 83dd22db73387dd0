"""The onset of melt on a few cells whose year is made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from icestream_surface_melt.melt_onset_high_asia import (
    FOUND,
    NO_SNOW,
    NO_WINTER,
    NOT_SO_FAR,
    WATER,
)
from plugins.melting_years import CELLS, DRY, WET, run, year_of


def test_the_day_comes_back_within_two_days_under_the_noise_of_a_radiometer() -> None:
    onset = np.random.default_rng(1).integers(60, 180, CELLS)
    found = run(year_of(onset))
    assert set(found["status"]) == {FOUND}
    assert np.abs(found["onset"] - onset).max() <= 2


def test_days_that_no_pass_saw_delay_it_by_no_more_than_they_are() -> None:
    onset = np.full(CELLS, 120)
    tb = year_of(onset)
    seen = tb.isel(granule=[place for place in range(tb.sizes["granule"]) if place % 3])
    found = run(seen)
    assert ((found["onset"] >= 120) & (found["onset"] <= 121)).all()


def test_a_warm_day_or_two_is_no_onset() -> None:
    onset = np.full(CELLS, 150)
    tb = year_of(onset)
    for day in (100, 101):
        for channel in DRY:
            tb[channel][day - 1] = WET[channel]
    assert (run(tb)["onset"] == 150).all()


def test_a_year_that_goes_on_tells_the_onset_so_far() -> None:
    onset = np.where(np.arange(CELLS) < 100, 90, 150)
    found = run(year_of(onset, last=110))
    assert set(found["status"][:100]) == {FOUND} and set(found["status"][100:]) == {NOT_SO_FAR}
    assert np.isnan(found["onset"][100:]).all()


def test_ground_without_snow_has_no_onset_and_says_so() -> None:
    found = run(year_of(np.full(CELLS, 150), ground=True))
    assert set(found["status"]) == {NO_SNOW}
    assert np.isnan(found["onset"]).all()


@pytest.mark.parametrize(("first", "status"), [(40, FOUND), (55, NO_WINTER)])
def test_without_enough_of_winter_there_is_no_reference(first: int, status: int) -> None:
    assert set(run(year_of(np.full(CELLS, 150), first=first))["status"]) == {status}


def test_water_is_told_apart() -> None:
    land = np.where(np.arange(CELLS) < 50, 0.2, 1.0)
    found = run(year_of(np.full(CELLS, 150)), land)
    assert set(found["status"][:50]) == {WATER} and set(found["status"][50:]) == {FOUND}


def test_a_sensor_without_22_and_91_ghz_is_enough() -> None:
    tb = year_of(np.full(CELLS, 130))
    blind = tb.assign({name: xr.full_like(tb[name], np.nan) for name in ("tb_22v", "tb_91v", "tb_91h")})
    assert np.abs(run(blind)["onset"] - 130).max() <= 2


def test_where_nothing_was_seen_nothing_is_told() -> None:
    tb = year_of(np.full(CELLS, 130))
    blank = tb.assign({name: xr.full_like(tb[name], np.nan) for name in DRY})
    found = run(blank)
    assert np.isnan(found["onset"]).all()
    assert set(found["status"]) == {NO_WINTER}
