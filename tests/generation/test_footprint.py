"""Outlines are where grids lie, over the poles and across the antimeridian too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from icestream_core.grid import CHINA_025, EASE_ML, EASE_NL, EASE_SL, Grid, lonlat, modis_tile
from icestream_generation.footprint import footprint, of_points
from icestream_generation.geolocation import cell_lonlat


def test_a_geographic_grid_is_its_box() -> None:
    found = footprint(CHINA_025)
    assert found.bbox == (59.875, 14.875, 140.125, 55.125)
    assert found.geometry.area == pytest.approx(80.25 * 40.25)


def test_the_northern_grid_holds_the_pole_and_goes_round_it() -> None:
    west, south, east, north = footprint(EASE_NL).bbox
    assert (west, east, north) == (-180, 180, 90)
    assert south < -60


def test_the_southern_grid_holds_the_south_pole() -> None:
    assert footprint(EASE_SL).bbox[1] == -90


def test_the_cylinder_goes_round_and_ends_before_the_poles() -> None:
    assert footprint(EASE_ML).bbox == pytest.approx((-180, -86.7167, 180, 86.7167), abs=1e-3)


def test_a_tile_of_the_sinusoidal_grid_leans() -> None:
    found = footprint(modis_tile("h25v05", 2400))
    assert found.bbox == pytest.approx((80.829, 30.0, 104.433, 40.0), abs=1e-3)
    assert not found.geometry.contains(Point(81.5, 39.5))
    assert found.geometry.contains(Point(85, 31))


def test_a_grid_across_the_antimeridian_is_cut_there() -> None:
    found = footprint(lonlat("bering", 170.0, 70.0, 0.5, 40, 20))
    assert found.bbox == (170.0, 60.0, -170.0, 70.0)
    assert found.geometry.geom_type == "MultiPolygon"
    assert found.geometry.contains(Point(-175, 65))
    assert found.geometry.contains(Point(175, 65))
    assert not found.geometry.contains(Point(0, 65))


def test_a_projected_grid_across_the_antimeridian_is_cut_there_too() -> None:
    part = EASE_NL.window("bering", 340, 200, 60, 60)
    found = footprint(part)
    assert found.geometry.is_valid
    assert found.bbox[0] > found.bbox[2]
    assert found.geometry.contains(Point(179, 66))
    assert found.geometry.contains(Point(-179, 66))


@given(st.integers(0, 35), st.integers(0, 17))
@settings(max_examples=60, deadline=None)
def test_every_tile_of_the_earth_has_a_valid_outline(horizontal: int, vertical: int) -> None:
    grid: Grid = modis_tile(f"h{horizontal:02d}v{vertical:02d}", 24)
    assume(np.isfinite(cell_lonlat(grid)[0]).any())
    found = footprint(grid)
    west, south, east, north = found.geometry.bounds
    assert found.geometry.is_valid
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90


def test_a_single_place_has_an_area() -> None:
    found = of_points(np.array([91.1]), np.array([29.7]))
    assert found.geometry.area > 0
    assert found.geometry.contains(Point(91.1, 29.7))
