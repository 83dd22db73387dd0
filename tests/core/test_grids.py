"""Grids are where their definitions say. Corner numbers: NSIDC's mapx definitions and EPSG, by pyproj."""

from __future__ import annotations

import pytest
from pyproj import Transformer

from icestream_core.grid import (
    CHINA_025,
    EASE_ML,
    EASE_NL,
    EASE_SL,
    TIBET_005,
    Grid,
    ease_ml_box,
    lonlat,
    modis_tile,
)


def centre(grid: Grid, col: float, row: float) -> tuple[float, float]:
    """Return longitude and latitude of a cell's centre, by pyproj."""
    a, b, c, d, e, f = grid.transform
    x, y = a * (col + 0.5) + b * (row + 0.5) + c, d * (col + 0.5) + e * (row + 0.5) + f
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return lon, lat


@pytest.mark.parametrize(
    ("grid", "shape", "corner"),
    [
        (EASE_ML, (586, 1383), (-17_334_193.5375, 7_344_784.825)),
        (EASE_NL, (721, 721), (-9_036_842.7625, 9_036_842.7625)),
        (EASE_SL, (721, 721), (-9_036_842.7625, 9_036_842.7625)),
    ],
)
def test_ease_grids_have_the_corners_of_their_definition(
    grid: Grid, shape: tuple[int, int], corner: tuple[float, float]
) -> None:
    assert grid.shape == shape
    assert (grid.bounds[0], grid.bounds[3]) == pytest.approx(corner, abs=1e-6)
    assert grid.cell == (25_067.525, 25_067.525)


def test_the_poles_are_in_the_middle_cell_of_the_polar_grids() -> None:
    assert centre(EASE_NL, 360, 360)[1] == pytest.approx(90.0, abs=1e-6)
    assert centre(EASE_SL, 360, 360)[1] == pytest.approx(-90.0, abs=1e-6)


def test_the_global_ease_grid_is_centred_on_null_island_and_reaches_86_7167_degrees() -> None:
    lon, lat = centre(EASE_ML, 691, 292.5)
    assert (lon, lat) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert centre(EASE_ML, 691, -0.5)[1] == pytest.approx(86.7167, abs=1e-4)


@pytest.mark.parametrize(("lon", "lat"), [(89.15, 37.38), (102.58, 30.79), (0.1, -45.0), (-179.0, 80.0)])
def test_a_cell_of_the_global_ease_grid_is_where_the_published_formula_puts_it(lon: float, lat: float) -> None:
    """col = 691 + (R/C) lon cos 30, row = 292.5 - (R/C) sin lat / cos 30 (Brodzik & Knowles)."""
    from math import cos, radians, sin

    ratio = 6_371_228.0 / 25_067.525
    col = 691 + ratio * radians(lon) * cos(radians(30))
    row = 292.5 - ratio * sin(radians(lat)) / cos(radians(30))
    assert centre(EASE_ML, col, row) == pytest.approx((lon, lat), abs=1e-6)


def test_a_box_of_the_global_ease_grid_has_the_cells_whose_centres_lie_in_it() -> None:
    box = ease_ml_box("three-rivers", 89.15, 30.79, 102.58, 37.38)
    first, last = centre(box, 0, 0), centre(box, box.width - 1, box.height - 1)
    assert 89.15 <= first[0] < last[0] <= 102.58
    assert 30.79 <= last[1] < first[1] <= 37.38
    assert centre(box, -1, 0)[0] < 89.15
    assert centre(box, box.width, 0)[0] > 102.58
    assert centre(box, 0, -1)[1] > 37.38
    assert centre(box, 0, box.height)[1] < 30.79
    assert abs(box.width - 52) <= 1
    assert box.height == 28


def test_modis_tiles_lie_where_the_sinusoidal_grid_has_them() -> None:
    first = modis_tile("h00v00", 1200)
    assert (first.bounds[0], first.bounds[3]) == pytest.approx((-20_015_109.354, 10_007_554.677), abs=1e-3)
    assert first.cell == pytest.approx((926.625433, 926.625433), abs=1e-6)
    assert modis_tile("h25v05", 2400).cell == pytest.approx((463.3127, 463.3127), abs=1e-4)


def test_the_tile_h25v05_has_the_corners_that_its_files_state() -> None:
    """Upper left 40 N, 91.3785 E; lower right 30 N, 92.3760 E: longitude = x / (R cos latitude)."""
    tile = modis_tile("h25v05", 2400)
    assert centre(tile, -0.5, -0.5) == pytest.approx((91.3785, 40.0), abs=1e-3)
    assert centre(tile, 2399.5, 2399.5) == pytest.approx((92.3760, 30.0), abs=1e-3)
    beside, below = modis_tile("h26v05", 2400), modis_tile("h25v06", 2400)
    assert tile.bounds[2] == pytest.approx(beside.bounds[0])
    assert tile.bounds[1] == pytest.approx(below.bounds[3])


def test_the_grid_of_china_has_321_by_161_cells_from_60_to_140_east_and_15_to_55_north() -> None:
    assert CHINA_025.shape == (161, 321)
    assert centre(CHINA_025, 0, 0) == pytest.approx((60.0, 55.0))
    assert centre(CHINA_025, 320, 160) == pytest.approx((140.0, 15.0))


def test_five_by_five_cells_of_the_plateau_make_one_of_china() -> None:
    west, south, east, north = TIBET_005.bounds
    for edge, origin in ((west, CHINA_025.bounds[0]), (east, CHINA_025.bounds[0])):
        assert (edge - origin) / 0.25 == pytest.approx(round((edge - origin) / 0.25), abs=1e-9)
    for edge in (south, north):
        assert (CHINA_025.bounds[3] - edge) / 0.25 == pytest.approx(
            round((CHINA_025.bounds[3] - edge) / 0.25), abs=1e-9
        )
    assert TIBET_005.cell[0] * 5 == pytest.approx(CHINA_025.cell[0])
    assert (TIBET_005.width % 5, TIBET_005.height % 5) == (0, 0)


GRID = lonlat("g", 0.0, 10.0, 1.0, 20, 10)


def test_a_window_is_the_same_cells_under_another_name() -> None:
    part = GRID.window("part", 3, 2, 5, 4)
    assert (part.shape, part.bounds) == ((4, 5), (3.0, 4.0, 8.0, 8.0))
    assert centre(part, 0, 0) == centre(GRID, 3, 2)


@pytest.mark.parametrize("window", [(-1, 0, 2, 2), (0, -1, 2, 2), (19, 0, 2, 2), (0, 9, 2, 2)])
def test_a_window_that_reaches_outside_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="reaches outside g"):
        GRID.window("part", *window)


@pytest.mark.parametrize(
    ("box", "bounds"),
    [
        ((2.5, 3.5, 4.5, 6.5), (2.0, 3.0, 5.0, 7.0)),
        ((2.51, 3.51, 4.49, 6.49), (3.0, 4.0, 4.0, 6.0)),
        ((-50.0, -50.0, 50.0, 50.0), (0.0, 0.0, 20.0, 10.0)),
        ((18.0, 8.0, 50.0, 50.0), (18.0, 8.0, 20.0, 10.0)),
    ],
)
def test_a_cut_has_the_cells_whose_centres_lie_in_the_box(
    box: tuple[float, float, float, float], bounds: tuple[float, float, float, float]
) -> None:
    assert GRID.cut("part", *box).bounds == pytest.approx(bounds)


@pytest.mark.parametrize("box", [(2.6, 3.6, 3.4, 4.4), (30.0, 0.0, 40.0, 10.0)])
def test_a_cut_without_a_cell_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="no cell centre of g"):
        GRID.cut("part", *box)
