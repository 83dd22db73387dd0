"""Snow water equivalent: depth times density, thin snow from its cover, and what is said of the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.slot import Slot
from icestream_physics.snow_cover_depletion import niu_yang_2007
from icestream_physics.snow_density import SnowClass, sturm_2010
from icestream_snow_depth.swe_tibet_005 import (
    COVER_UNKNOWN,
    FROM_COVER,
    FROM_DEPTH,
    NO_DATA,
    NO_SNOW,
    PLATEAU,
    PLATEAU_DENSITY,
    swe_tibet_005,
)


def on(month: int, day: int, year: int = 2014) -> Slot:
    start = datetime(year, month, day, tzinfo=UTC)
    return Slot(product="swe-tibet-005", period=f"{start:%Y%m%d}", start=start, end=start + timedelta(days=1))


def made(
    depth: object, cover: object | None = None, slot: Slot | None = None, density: str = PLATEAU
) -> tuple[np.ndarray, np.ndarray]:
    fields = xr.Dataset({"snow_depth": (("y", "x"), np.atleast_2d(np.asarray(depth, np.float32)))})
    covers = None
    if cover is not None:
        covers = xr.Dataset({"snow_area_fraction": (("y", "x"), np.atleast_2d(np.asarray(cover, np.float32)))})
    result = swe_tibet_005(fields, covers, slot or on(2, 4), density)
    return result["snow_water_equivalent"], result["origin"]


depths = hnp.arrays(
    np.float32, (6, 7), elements=st.one_of(st.floats(0.015625, 5, width=32), st.just(np.float32(np.nan)))
)


@given(depths, st.booleans())
def test_the_mass_is_that_of_the_depth(depth: np.ndarray, covered: bool) -> None:
    water, origin = made(depth, np.ones_like(depth) if covered else None)
    np.testing.assert_array_equal(np.isnan(water), np.isnan(depth))
    known = np.isfinite(depth)
    assert (origin[known] == FROM_DEPTH).all()
    mass = PLATEAU_DENSITY * depth[known].astype(np.float64).sum()
    assert water[known].astype(np.float64).sum() == pytest.approx(mass, rel=1e-6)


def test_thin_snow_has_the_least_depth_that_covers_so_much_and_no_more_than_is_seen_from_above() -> None:
    water, origin = made([0.0, 0.0, 0.0], [0.2, 0.4, 1.0])
    assert (origin == FROM_COVER).all()
    depth = water[0] / PLATEAU_DENSITY
    assert niu_yang_2007(depth[0], PLATEAU_DENSITY) == pytest.approx(0.2, abs=1e-5)
    assert niu_yang_2007(depth[1], PLATEAU_DENSITY) == pytest.approx(0.4, abs=1e-5)
    assert depth[2] == pytest.approx(0.025, abs=1e-6)


def test_cover_adds_nothing_where_there_is_depth_and_takes_nothing_away() -> None:
    without, _ = made([0.05, 0.30])
    for cover in ([0.0, 0.0], [1.0, 1.0]):
        np.testing.assert_array_equal(made([0.05, 0.30], cover)[0], without)


def test_no_depth_without_cover_is_no_snow_and_with_an_unknown_one_is_said() -> None:
    water, origin = made([0.0, 0.0, np.nan], [0.0, np.nan, 0.5])
    assert origin.tolist() == [[NO_SNOW, COVER_UNKNOWN, NO_DATA]]
    assert water[0, :2].tolist() == [0.0, 0.0]
    assert np.isnan(water[0, 2])


def test_without_the_composite_nothing_is_filled_and_it_is_said() -> None:
    water, origin = made([0.0, 0.1], None)
    assert origin.tolist() == [[COVER_UNKNOWN, FROM_DEPTH]]
    assert water[0, 0] == 0.0


def test_without_any_depth_there_is_none_of_anything() -> None:
    water, origin = made(np.full((3, 3), np.nan), np.ones((3, 3)))
    assert np.isnan(water).all()
    assert (origin == NO_DATA).all()


@pytest.mark.parametrize(
    ("slot", "season_day"),
    [
        (on(10, 1), -92),
        (on(12, 31, 2013), -1),
        (on(1, 1), 1),
        (on(2, 29, 2016), 60),
        (on(6, 30), 181),
        (on(6, 30, 2016), 181),
        (on(12, 31, 2016), -1),
        (on(9, 30), 181),
    ],
)
def test_the_day_of_the_season_has_no_nought_and_ends_with_june_in_leap_years_too(slot: Slot, season_day: int) -> None:
    wanted = 0.3 * float(sturm_2010(np.float32(0.3), season_day, SnowClass.ALPINE))
    assert made(0.3, slot=slot, density=SnowClass.ALPINE)[0].item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("of", list(SnowClass))
def test_a_curve_of_density_may_be_asked_for(of: SnowClass) -> None:
    october, new_years_eve, new_year, june, august = (
        float(made(0.3, slot=slot, density=of)[0].item())
        for slot in (on(10, 1), on(12, 31, 2013), on(1, 1), on(6, 30), on(8, 15))
    )
    assert 0.3 * 80 < october <= new_years_eve <= new_year <= june < 0.3 * 600
    # Out of the season the last day's holds.
    assert august == june
    with pytest.raises(ValueError, match="ice"):
        made(0.3, density="ice")
