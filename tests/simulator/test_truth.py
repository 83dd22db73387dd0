"""The world is plausible, the same from every grid, and has what retrievals must tell apart."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from icestream_core.grid import CHINA_025, EASE_ML, EASE_NL, EASE_SL, lonlat
from icestream_simulator.climate import coldest, season_start
from icestream_simulator.places import Places, cell_centres
from icestream_simulator.truth import State, Truth

MIDWINTER, MIDSUMMER = date(2014, 2, 1), date(2014, 7, 25)
DAWN = 5.5


def at(truth: Truth, longitude: float, latitude: float, day: date) -> tuple[Places, State]:
    places = Places(truth.seed, np.array([longitude]), np.array([latitude]))
    return places, truth.state(places, day, DAWN)


def test_the_same_place_is_the_same_on_every_grid(truth: Truth) -> None:
    longitude, latitude = cell_centres(EASE_NL)
    row, column = 250, 500
    _, there = at(truth, float(longitude[row, column]), float(latitude[row, column]), MIDWINTER)
    on_grid = truth.snow_depth(EASE_NL, MIDWINTER)
    assert on_grid[row, column] == pytest.approx(float(there.depth[0]), abs=1e-5)


def test_another_seed_is_another_world() -> None:
    first, same, other = (Truth(seed).snow_depth(CHINA_025, MIDWINTER) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).mean() > 0.01


def test_winter_is_white_in_the_north_and_summer_is_not(truth: Truth) -> None:
    land = truth.on(CHINA_025).places.terrain.land > 0.5
    winter = truth.snow_depth(CHINA_025, MIDWINTER).ravel()[land]
    summer = truth.snow_depth(CHINA_025, MIDSUMMER).ravel()[land]
    assert 0.25 < (winter > 0.05).mean() < 0.75
    assert 0.3 < winter.max() <= 0.6
    assert summer.max() == 0.0


def test_the_southern_winter_is_in_july(truth: Truth) -> None:
    patagonia = (-71.0, -46.0)
    winter, summer = (at(truth, *patagonia, day)[0] for day in (MIDSUMMER, MIDWINTER))
    assert winter.season_temperature(MIDSUMMER)[0] < summer.season_temperature(MIDWINTER)[0] - 5.0
    antarctica = at(truth, 100.0, -80.0, MIDSUMMER)[0]
    assert antarctica.terrain.ice[0] == 1.0
    assert coldest(MIDSUMMER, north=False) == date(2014, 7, 16).toordinal()
    assert season_start(MIDWINTER, north=True) == (date(2014, 1, 15) - timedelta(days=183)).toordinal()


def test_snow_comes_in_storms_and_goes_in_a_thaw(truth: Truth) -> None:
    days = [date(2013, 9, 1) + timedelta(days=n) for n in range(300)]
    places = Places(truth.seed, np.array([95.0]), np.array([56.0]))
    depth = np.array([places.snowpack.depth(day)[0] for day in days])
    growth = np.diff(depth)
    assert depth[0] == depth[-1] == 0.0
    assert depth.max() > 0.05
    before_thaw = growth[: int(depth.argmax())]
    assert (before_thaw >= -1e-6).all()
    assert 0.05 < (before_thaw > 0.002).mean() < 0.6
    assert growth.min() > -0.1


def test_grains_grow_through_the_season_and_stay_within_the_snow_table(truth: Truth) -> None:
    places = truth.on(CHINA_025).places
    autumn, spring = (places.snowpack.grain_radius(day) for day in (date(2013, 11, 15), date(2014, 3, 15)))
    snowy = places.snowpack.depth(date(2014, 3, 15)) > 0.05
    assert (spring[snowy] >= autumn[snowy] - 1e-9).all()
    assert autumn[snowy].min() > 0.2e-3
    assert spring[snowy].max() <= 0.5e-3


def test_every_surface_is_somewhere(truth: Truth) -> None:
    places = truth.on(EASE_NL).places
    state = truth.state(places, date(2014, 3, 20), DAWN)
    bare = state.depth < 0.002
    for found in (
        state.depth > 0.05,
        bare & state.frozen & (places.terrain.land > 0.95),
        bare & state.frozen & places.terrain.plateau,
        bare & ~state.frozen & (places.terrain.land > 0.95),
        places.terrain.desert > 0.9,
        places.terrain.forest > 0.5,
        places.terrain.ice > 0.9,
        places.terrain.land == 0.0,
        state.wet,
        state.rain > 20.0,
        state.sea_ice > 0.9,
    ):
        assert found.sum() > 50


@pytest.mark.parametrize(
    ("longitude", "latitude", "named"),
    [
        pytest.param(83.0, 39.0, "desert", id="Taklamakan"),
        pytest.param(15.0, 24.0, "desert", id="Sahara"),
        pytest.param(-41.0, 72.5, "ice", id="Greenland"),
    ],
)
def test_places_are_where_they_are(truth: Truth, longitude: float, latitude: float, named: str) -> None:
    terrain = at(truth, longitude, latitude, MIDWINTER)[0].terrain
    assert getattr(terrain, named)[0] > 0.9
    assert terrain.land[0] > 0.9


def test_mountains_are_high_and_the_sea_is_wet(truth: Truth) -> None:
    assert at(truth, 92.0, 31.5, MIDWINTER)[0].terrain.elevation[0] == pytest.approx(4600.0, abs=300.0)
    assert at(truth, 92.0, 31.5, MIDWINTER)[0].terrain.plateau[0]
    assert at(truth, -160.0, 30.0, MIDWINTER)[0].terrain.land[0] == 0.0


def test_the_fine_depth_keeps_the_coarse_one_on_average(truth: Truth) -> None:
    fine_grid = lonlat("fine", 85.0, 38.0, 0.05, 300, 160)
    coarse = truth.snow_depth(fine_grid, MIDWINTER)
    fine = truth.snow_depth(fine_grid, MIDWINTER, fine=True)
    snowy = coarse > 0.05
    assert (fine[snowy] / coarse[snowy]).std() > 0.3
    assert fine[snowy].mean() == pytest.approx(coarse[snowy].mean(), rel=0.3)


def test_cells_off_the_globe_or_over_the_equator_are_no_places() -> None:
    for grid, south in ((EASE_NL, False), (EASE_SL, True)):
        longitude, latitude = cell_centres(grid)
        inside = np.isfinite(latitude)
        assert 0.75 < inside.mean() < 0.80  # a circle in its square
        assert ((latitude[inside] < 0) == south).mean() > 0.999
        assert not np.isfinite(longitude[0, 0])
    assert np.isfinite(cell_centres(EASE_ML)[1]).all()
