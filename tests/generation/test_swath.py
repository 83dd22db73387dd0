"""A swath comes onto a grid by its nearest footprints, and no farther than they reach."""

from __future__ import annotations

import numpy as np
import pytest

from icestream_core.errors import RecordError
from icestream_core.grid import Grid, lonlat
from icestream_generation.geolocation import cell_lonlat
from icestream_generation.swath import spacing, swath_onto

TARGET = lonlat("target", 80.0, 40.0, 0.25, 60, 40)


def swath() -> tuple[np.ndarray, np.ndarray]:
    """A slanted pass, 0.2 degree between its footprints, that covers the western part of the target."""
    along, across = np.mgrid[0:90, 0:30] * 0.2
    return 79.0 + across + 0.2 * along, 42.0 - along + 0.1 * across


def test_each_cell_takes_the_nearest_footprint() -> None:
    lon, lat = swath()
    found = swath_onto({"lon": lon.astype(np.float32), "lat": lat.astype(np.float32)}, lon, lat, TARGET, "nearest")
    there_lon, there_lat = cell_lonlat(TARGET)
    seen = np.isfinite(found["lon"])
    assert 0.3 < seen.mean() < 0.8
    assert np.abs(found["lat"] - there_lat)[seen].max() < 0.2
    assert np.abs(found["lon"] - there_lon)[seen].max() < 0.3
    np.testing.assert_array_equal(np.isfinite(found["lat"]), seen)


def test_what_the_swath_does_not_reach_stays_missing() -> None:
    lon, lat = swath()
    found = swath_onto({"tb": np.full(lon.shape, 250.0, np.float32)}, lon, lat, TARGET, "nearest")["tb"]
    assert np.isnan(found[:, -8:]).all()


def test_a_missing_footprint_leaves_its_cells_missing() -> None:
    lon, lat = swath()
    values = np.full(lon.shape, 250.0, np.float32)
    values[40:50] = np.nan
    found = swath_onto({"tb": values}, lon, lat, TARGET, "nearest")["tb"]
    assert np.isnan(found[(cell_lonlat(TARGET)[1] < 33.5) & (cell_lonlat(TARGET)[1] > 33)]).any()


def test_the_spacing_is_the_distance_between_footprints() -> None:
    lon, lat = np.meshgrid(np.arange(80, 84, 0.1), np.arange(-0.5, 0.5, 0.1))
    assert spacing(lon, lat) == pytest.approx(11_120, rel=0.01)


def test_a_swath_is_not_averaged() -> None:
    lon, lat = swath()
    with pytest.raises(RecordError, match="by 'nearest' only"):
        swath_onto({"tb": lon}, lon, lat, TARGET, "average")


def test_a_large_projected_grid_is_searched_only_where_the_swath_lies() -> None:
    utm = Grid(name="utm", crs="EPSG:32644", width=700, height=900, transform=(5e3, 0.0, -1e6, 0.0, -5e3, 5e6))
    lon, lat = swath()
    places = {"lon": lon.astype(np.float32), "lat": lat.astype(np.float32)}
    whole = swath_onto(places, lon, lat, utm, "nearest")
    seen = np.isfinite(whole["lon"])
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    assert seen.mean() < 0.2
    assert np.abs(whole["lat"] - cell_lonlat(utm)[1])[seen].max() < 0.2
    # A window that is cut off amidst the swath has the same cells.
    top, left = int(rows[5]), int(columns[7])
    part = utm.window("part", left, top, 60, 40)
    cut = swath_onto(places, lon, lat, part, "nearest")
    np.testing.assert_array_equal(cut["lat"], whole["lat"][top : top + 40, left : left + 60])


def test_a_grid_whose_first_row_is_the_southernmost_has_the_same_at_the_same_place() -> None:
    lon, lat = swath()
    values = {"lat": lat.astype(np.float32)}
    turned = Grid(name="turned", crs=TARGET.crs, width=60, height=40, transform=(0.25, 0.0, 80.0, 0.0, 0.25, 30.0))
    found, wanted = (swath_onto(values, lon, lat, grid, "nearest")["lat"] for grid in (turned, TARGET))
    np.testing.assert_array_equal(found[::-1], wanted)


def test_a_swath_elsewhere_leaves_a_projected_grid_empty() -> None:
    lon, lat = swath()
    polar = Grid(name="polar", crs="EPSG:3031", width=20, height=20, transform=(5e3, 0.0, 0.0, 0.0, -5e3, 0.0))
    assert np.isnan(swath_onto({"tb": lon}, lon, lat, polar, "nearest")["tb"]).all()
