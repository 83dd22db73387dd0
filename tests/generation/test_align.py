"""Values keep their place and their mean when they change grids."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from icestream_core.grid import CHINA_025, EASE_ML, EASE_NL, EASE_SL, TIBET_005, Grid, lonlat, modis_tile
from icestream_generation.align import nearest_cells, onto, part_needed, same_lattice, union
from icestream_generation.geolocation import cell_lonlat, centres

KELVINS = st.floats(100, 320, width=32)


def numbered(grid: Grid) -> np.ndarray:
    return np.arange(grid.width * grid.height, dtype=np.float32).reshape(grid.shape)


def test_an_identical_grid_costs_nothing() -> None:
    values = numbered(CHINA_025)
    renamed = CHINA_025.model_copy(update={"name": "another"})
    for how in ("nearest", "bilinear", "average", "mode"):
        assert onto(values, CHINA_025, renamed, how) is values  # type: ignore[arg-type]


def test_a_cut_takes_the_very_cells() -> None:
    cut = CHINA_025.window("cut", 10, 20, 30, 40)
    np.testing.assert_array_equal(
        onto(numbered(CHINA_025), CHINA_025, cut, "average"), numbered(CHINA_025)[20:60, 10:40]
    )


def test_beyond_the_source_there_is_nothing() -> None:
    part = CHINA_025.window("part", 10, 20, 30, 40)
    whole = onto(numbered(part), part, CHINA_025, "nearest")
    assert np.isfinite(whole).sum() == 30 * 40
    np.testing.assert_array_equal(whole[20:60, 10:40], numbered(part))


@given(arrays(np.float32, (12, 18), elements=KELVINS))
@settings(max_examples=30, deadline=None)
def test_the_mean_is_kept_by_average(values: np.ndarray) -> None:
    fine = lonlat("fine", 70.0, 40.0, 0.25, 18, 12)
    coarse = lonlat("coarse", 70.0, 40.0, 0.75, 6, 4)
    found = onto(values, fine, coarse, "average")
    np.testing.assert_allclose(found, values.reshape(4, 3, 6, 3).mean(axis=(1, 3)), rtol=1e-4)
    assert found.mean() == pytest.approx(values.mean(), rel=1e-4)


@given(arrays(np.float32, (12, 18), elements=KELVINS), st.sampled_from(["nearest", "bilinear", "average", "mode"]))
@settings(max_examples=30, deadline=None)
def test_nothing_leaves_the_range_of_the_source(values: np.ndarray, how: str) -> None:
    source = lonlat("source", 70.0, 40.0, 0.25, 18, 12)
    target = lonlat("target", 70.1, 39.9, 0.31, 12, 8)
    found = onto(values, source, target, how)  # type: ignore[arg-type]
    known = found[np.isfinite(found)]
    assert known.size
    assert known.min() >= values.min() - 1e-3
    assert known.max() <= values.max() + 1e-3


@pytest.mark.parametrize(
    "target",
    [
        lonlat("finer", -30.0, 12.0, 0.05, 500, 60),
        lonlat("coarser", -179.9, 50.0, 3.7, 90, 20),
        lonlat("round the globe", 170.0, 10.0, 0.3, 200, 90),
        lonlat("shifted", -20.13, 8.11, 0.25, 60, 80),
    ],
    ids=lambda grid: grid.name,
)
def test_within_one_projection_rows_and_columns_find_the_cells_that_places_find(target: Grid) -> None:
    source = lonlat("source", -180.0, 11.0, 0.25, 1440, 80)
    cells = nearest_cells(source, target)
    wanted = np.where(cells < 0, np.nan, numbered(source).ravel()[cells])
    np.testing.assert_array_equal(onto(numbered(source), source, target, "nearest"), wanted)


def test_missing_cells_are_left_out_of_an_average() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan]], np.float32)
    found = onto(values, lonlat("a", 0, 2, 1, 2, 2), lonlat("b", 0, 2, 2, 1, 1), "average")
    np.testing.assert_allclose(found, [[2.0]])


def test_the_northern_ease_grid_is_where_its_formula_says() -> None:
    """col = 360 + 2 R/C sin(lon) sin(pi/4 - lat/2), row = 360 + 2 R/C cos(lon) sin(pi/4 - lat/2): NSIDC mapx."""
    lon, lat = (np.radians(degrees.astype(np.float64)) for degrees in cell_lonlat(CHINA_025))
    scale = 2 * 6_371_228 / 25_067.525 * np.sin(math.pi / 4 - lat / 2)
    col, row = 360 + scale * np.sin(lon), 360 + scale * np.cos(lon)
    far = (np.abs(col % 1 - 0.5) > 1e-4) & (np.abs(row % 1 - 0.5) > 1e-4)
    wanted = np.round(row).astype(int) * 721 + np.round(col).astype(int)
    np.testing.assert_array_equal(nearest_cells(EASE_NL, CHINA_025)[far], wanted[far])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (EASE_ML, CHINA_025),
        (modis_tile("h25v05", 240), TIBET_005),
        (lonlat("global", -180, 90, 0.5, 720, 360), EASE_SL),
    ],
    ids=lambda grid: grid.name,
)
def test_nearest_is_the_cell_that_holds_the_centre(source: Grid, target: Grid) -> None:
    """By longitude and latitude: no cell centre is farther than half a diagonal of the source's cell."""
    cells = nearest_cells(source, target)
    lon, lat = cell_lonlat(target)
    there_lon, there_lat = (degrees.reshape(-1)[np.maximum(cells, 0)] for degrees in cell_lonlat(source))
    there = np.cos(np.radians(there_lat)) * np.cos(np.radians(lat)) * np.cos(np.radians(there_lon - lon))
    angle = np.arccos(np.clip(there + np.sin(np.radians(there_lat)) * np.sin(np.radians(lat)), -1, 1))
    cell = source.cell[0] if not source.is_geographic else source.cell[0] * 111_195
    # An equal-area cylinder stretches its cells towards the poles, a sinusoid leans them away from its meridian.
    stretch = 1.3 if source.is_geographic else 2.0
    assert 6_371_228 * angle[cells >= 0].max() < cell * math.sqrt(2) / 2 * stretch


def test_a_source_that_counts_longitude_from_nought_is_found_too() -> None:
    east = lonlat("0-360", 0.0, 90.0, 1.0, 360, 180)
    west = lonlat("-180-180", -180.0, 90.0, 1.0, 360, 180).window("alaska", 10, 20, 40, 20)
    found = onto(np.tile(centres(east)[0].astype(np.float32), (180, 1)), east, west, "nearest")
    np.testing.assert_allclose(found[0], centres(west)[0] + 360)


@pytest.mark.parametrize(
    ("source", "target", "share"),
    [
        (EASE_NL, CHINA_025, 0.2),
        (EASE_ML, CHINA_025, 0.1),
        (lonlat("global", -180, 90, 0.25, 1440, 720), CHINA_025, 0.1),
        (lonlat("0-360", 0.0, 90.0, 1.0, 360, 180), lonlat("alaska", -170.0, 70.0, 1.0, 40, 20), 0.1),
        (modis_tile("h25v05", 240), TIBET_005, 1.0),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_part_that_is_needed_gives_what_the_whole_gives(source: Grid, target: Grid, share: float) -> None:
    values = np.arange(source.height * source.width, dtype=np.float64).reshape(source.shape)
    part = part_needed(source, target, "nearest")
    wanted = onto(values, source, target, "nearest")
    assert np.isfinite(wanted).any()
    if part is None:
        assert share == 1.0
        return
    assert part.grid.height * part.grid.width < share * source.height * source.width
    found = onto(values[part.rows, part.cols], part.grid, target, "nearest")
    np.testing.assert_array_equal(found, wanted)


def test_a_part_is_told_only_where_it_is_known() -> None:
    globe = lonlat("global", -180, 90, 0.25, 1440, 720)
    across = lonlat("across the date line", 175.0, 10.0, 0.25, 40, 40)
    over = part_needed(globe, across, "nearest")
    assert over is not None
    assert (over.rows, over.cols) == (slice(320, 360), slice(0, 1440))
    assert part_needed(globe, globe, "nearest") is None
    assert part_needed(EASE_NL, CHINA_025, "average") is None
    assert part_needed(modis_tile("h25v05", 240), lonlat("far", 0, 0, 1, 10, 10), "nearest") is None


def test_tiles_of_one_lattice_have_a_union() -> None:
    left, right = modis_tile("h25v05", 240), modis_tile("h26v05", 240)
    whole = union("both", [left, right])
    assert whole is not None
    assert whole.shape == (240, 480)
    assert whole.bounds == pytest.approx((left.bounds[0], left.bounds[1], right.bounds[2], right.bounds[3]))
    assert union("none", [left, CHINA_025]) is None
    assert not same_lattice(left, right)
