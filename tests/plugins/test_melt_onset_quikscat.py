"""The onset of melt by radar: on images of a few cells whose year is made by hand, and on simulated ones."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from icestream_core.plugins import load
from icestream_generation.geolocation import cell_lonlat
from icestream_simulator.places import Places
from icestream_surface_melt.melt_onset_quikscat import FOUND, NO_WINTER, NOT_SO_FAR, PRODUCT, WATER
from plugins.melting_years import CELLS, images_of, run_radar
from plugins.stream import Stream


def test_the_day_comes_back_within_two_days_though_an_image_is_the_mean_of_four() -> None:
    onset = np.random.default_rng(1).integers(60, 180, CELLS)
    found = run_radar(images_of(onset))
    assert set(found["status"]) == {FOUND}
    assert np.abs(found["onset"] - onset).max() <= 2


def test_of_images_that_overlap_the_later_one_holds() -> None:
    onset = np.random.default_rng(2).integers(60, 180, CELLS)
    found = run_radar(images_of(onset, every=2))
    assert np.abs(found["onset"] - onset).max() <= 2


def test_the_order_in_which_images_come_tells_nothing() -> None:
    images = images_of(np.random.default_rng(3).integers(60, 180, CELLS))
    shuffled = images.isel(granule=np.random.default_rng(4).permutation(images.sizes["granule"]))
    np.testing.assert_array_equal(run_radar(shuffled)["onset"], run_radar(images)["onset"])


def test_a_year_that_goes_on_tells_the_onset_so_far() -> None:
    onset = np.where(np.arange(CELLS) < 100, 90, 150)
    found = run_radar(images_of(onset, last=110))
    assert set(found["status"][:100]) == {FOUND} and set(found["status"][100:]) == {NOT_SO_FAR}
    assert np.isnan(found["onset"][100:]).all()


def test_ground_that_thaws_without_snow_is_no_onset() -> None:
    assert set(run_radar(images_of(np.full(CELLS, 120), dry=-13.0, wet=-10.5))["status"]) == {NOT_SO_FAR}


@pytest.mark.parametrize(("first", "status"), [(40, FOUND), (53, NO_WINTER)])
def test_without_enough_of_winter_there_is_no_reference(first: int, status: int) -> None:
    assert set(run_radar(images_of(np.full(CELLS, 150), first=first))["status"]) == {status}


def test_lakes_are_told_apart_for_their_ice_darkens_too() -> None:
    land = np.where(np.arange(CELLS) < 50, 0.2, 1.0)
    found = run_radar(images_of(np.full(CELLS, 150)), land)
    assert set(found["status"][:50]) == {WATER} and set(found["status"][50:]) == {FOUND}


def test_where_nothing_was_seen_nothing_is_told() -> None:
    images = images_of(np.full(CELLS, 130))
    found = run_radar(images.assign(sigma0_h=images["sigma0_h"] * np.nan))
    assert np.isnan(found["onset"]).all()
    assert set(found["status"]) == {NO_WINTER}


def test_of_real_format_images_it_finds_melt_where_the_world_has_wet_snow_and_nowhere_else(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stream = Stream(tmp_path_factory.mktemp("stream"), load(), date(2014, 2, 4))
    case = stream.case(PRODUCT.name)
    gathered = case.gather()
    assert gathered.grid is not None
    assert gathered.inputs["radar"].sizes["granule"] == 4
    made = run_radar(gathered.inputs["radar"], gathered.inputs["land"]["land_fraction"].values)
    melting = made["status"] == FOUND
    assert melting.sum() > 100
    assert set(made["onset"][melting]) == {date(2007, 3, 24).timetuple().tm_yday}
    longitude, latitude = cell_lonlat(gathered.grid)
    places = Places(stream.truth.seed, longitude[melting], latitude[melting])
    wet = [stream.truth.state(places, date(2007, 3, day), 18.0).wet for day in range(24, 28)]
    assert (np.sum(wet, axis=0) >= 2).mean() > 0.98
