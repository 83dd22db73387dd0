"""Snow depth of the globe on a real day: F17 SSMIS, 1 February 2014, descending (NSIDC-0032), northern grid.

The coefficients are flat ones, those of Che et al. 2008: what is looked at is where there is snow, and that the day
lies where it belongs on the cylindrical grid.
"""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import xarray as xr

from icestream_core.grid import EASE_ML
from icestream_foundation.cold_pass_tb import cold_pass_tb
from icestream_generation.align import onto
from icestream_generation.geolocation import cell_lonlat
from icestream_generation.library import open_library
from icestream_physics.snow_screening import SNOW_FREE, SnowQuality
from icestream_snow_depth.gradient_depth import land_cells
from icestream_snow_depth.snow_depth_global import snow_depth_global
from plugins.test_snow_depth_global import coefficients, on

RADIUS, CELL = 6_371_228.0, 25_067.525


def at(latitude: float, longitude: float) -> tuple[int, int]:
    """Return row and column by the formula of Brodzik & Knowles."""
    column = 691 + RADIUS / CELL * math.radians(longitude) * math.cos(math.radians(30))
    row = 292.5 - RADIUS / CELL * math.sin(math.radians(latitude)) / math.cos(math.radians(30))
    return round(row), round(column)


@pytest.fixture(scope="module")
def globe(f17: xr.Dataset) -> dict[str, np.ndarray]:
    stacked = {
        name: (("step", "y", "x"), onto(values.astype(np.float32), f17.attrs["grid"], EASE_ML, "nearest")[None])
        for name, values in cold_pass_tb(f17, None).items()
    }
    ancillary = {}
    for collection, name in (("library-altitude", "elevation"), ("library-land", "land_fraction")):
        opened = open_library(collection, EASE_ML)
        field = onto(opened.data[name].values.astype(np.float32), opened.grid, EASE_ML, "nearest")
        ancillary[name] = xr.Dataset({name: (("y", "x"), field)})
    longitude, latitude = (xr.DataArray(values, dims=("y", "x")) for values in cell_lonlat(EASE_ML))
    return snow_depth_global(
        xr.Dataset(stacked, coords={"step": [0]}, attrs={"sensor": "ssmis"}),
        ancillary["elevation"],
        ancillary["land_fraction"],
        coefficients(slope=0.0066, intercept=0.0),
        on(date(2014, 2, 1)),
        latitude,
        longitude,
    )


def test_yakutsk_has_the_203_mm_that_the_files_give(globe: dict[str, np.ndarray]) -> None:
    row, column = at(62.04, 129.72)
    assert globe["quality"][row, column] == SnowQuality.DRY_SNOW
    assert globe["snow_depth"][row, column] == pytest.approx(0.203, abs=0.03)


def test_deserts_have_none_ice_sheets_no_answer_and_the_south_was_not_seen(globe: dict[str, np.ndarray]) -> None:
    assert globe["snow_depth"][at(25.0, 15.0)] == 0.0
    assert globe["quality"][at(72.0, -40.0)] == SnowQuality.GLACIER
    assert np.isnan(globe["snow_depth"][at(72.0, -40.0)])
    land = globe["quality"] != SnowQuality.WATER
    south = np.zeros(EASE_ML.shape, bool)
    south[300:] = True
    assert (globe["quality"][land & south] == SnowQuality.NO_DATA).all()


def test_siberia_is_white_and_the_tropics_are_not(globe: dict[str, np.ndarray]) -> None:
    def share(south: float, north: float, west: float, east: float, *reasons: SnowQuality) -> float:
        (top, left), (bottom, right) = at(north, west), at(south, east)
        box = globe["quality"][top:bottom, left:right]
        seen = box[(box != SnowQuality.NO_DATA) & (box != SnowQuality.WATER)]
        return float(np.isin(seen, reasons).mean())

    assert share(56, 66, 65, 125, SnowQuality.DRY_SNOW) > 0.9
    assert share(2, 20, -10, 40, SnowQuality.DRY_SNOW) < 0.01
    assert share(2, 20, -10, 40, *SNOW_FREE, SnowQuality.RAIN) > 0.95


def test_only_land_is_computed_and_comes_back_to_its_place() -> None:
    cells = land_cells(np.zeros((2, 2)), np.array([[0.0, 1.0], [0.2, 0.4]]), np.ones((2, 2)), np.ones((2, 2)), 0.3)
    assert cells.place.tolist() == [0, 2]
    assert cells.spread(np.array([5, 6]), (2, 2), 9).tolist() == [[5, 9], [6, 9]]
