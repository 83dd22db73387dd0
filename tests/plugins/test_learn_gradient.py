"""The dynamic gradient is learned from stations: what is known comes back, and too little is said to be."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from icestream_core.errors import GranuleError
from icestream_core.fit import TooLittle
from icestream_snow_depth.gradient_fields import LATITUDES, LONGITUDES
from icestream_snow_depth.gradient_training import PARAMETERS, ROWS, sample_stations
from icestream_snow_depth.learn_gradient import LARGEST_INTERCEPT, STEEPEST, learn_gradient
from icestream_snow_depth.stations import Stations, from_stations
from plugins.conftest import SNOW
from plugins.test_snow_depth_global import DAY, coefficients, on

Rows = dict[str, np.ndarray]


def rows_of(
    latitude: float = 60.0,
    slope: float = 0.01,
    intercept: float = 0.02,
    stations: int = 6,
    days: int = 40,
    month: int = 1,
    spread: float = 1.0,
) -> Rows:
    """Return stations in a row, each with a line that is known, under dry snow."""
    random = np.random.default_rng(5)
    count = stations * days
    difference = random.uniform(12.0, 35.0, count)
    rows: Rows = {name: np.full(count, SNOW[name]) for name in SNOW}
    rows["tb_37h"] = rows["tb_19h"] - difference
    rows["tb_37v"] = rows["tb_19v"] - difference
    number = np.repeat(np.arange(stations), days)
    rows |= {
        "station": np.array([f"{latitude:+.0f}-{n}" for n in number]),
        "month": np.full(count, month),
        "latitude": np.full(count, latitude),
        "longitude": 30.0 + spread * number,
        "elevation": np.full(count, 100.0),
        "depth": slope * difference + intercept + random.normal(0, 0.005, count),
    }
    return {name: rows[name] for name in ROWS}


def together(*tables: Rows) -> Rows:
    return {name: np.concatenate([table[name] for table in tables]) for name in ROWS}


def test_lines_that_are_known_come_back_where_the_stations_are() -> None:
    learned = learn_gradient(together(rows_of(slope=0.01), rows_of(latitude=40.0, slope=0.006)), 0)
    here = learned.parameters.sel(month=1).sel(longitude=33.0, method="nearest")
    assert float(here["slope"].sel(latitude=61.0)) == pytest.approx(0.010, abs=4e-4)
    assert float(here["slope"].sel(latitude=41.0)) == pytest.approx(0.006, abs=4e-4)
    assert float(here["intercept"].sel(latitude=61.0)) == pytest.approx(0.02, abs=0.01)
    assert learned.score["leave-station-out relative deviation"] < 0.1


def test_far_from_all_stations_the_middle_of_all_is_taken_and_said() -> None:
    learned = learn_gradient(together(rows_of(slope=0.01), rows_of(latitude=40.0, slope=0.006)), 0)
    far = learned.parameters.sel(month=1).sel(longitude=-119.0, latitude=51.0)
    assert float(far["own"]) == 0.0
    assert 0.006 <= float(far["slope"]) <= 0.0105


def test_a_month_without_stations_takes_the_nearest_months_and_counts_as_of_all() -> None:
    learned = learn_gradient(rows_of(month=1), 0)
    slope, own = learned.parameters["slope"], learned.parameters["own"]
    assert float(abs(slope.sel(month=7) - slope.sel(month=1)).max()) < 1e-6
    assert float(own.sel(month=7).max()) == 0.0
    assert float(own.sel(month=1).max()) == 0.5


def test_a_southern_july_is_a_january_of_the_season() -> None:
    learned = learn_gradient(rows_of(latitude=-45.0, month=7), 0)
    assert float(learned.parameters["own"].sel(month=1).max()) == 0.5


def test_slopes_and_intercepts_stay_within_their_limits() -> None:
    steep = learn_gradient(rows_of(slope=0.06, intercept=0.5), 0).parameters
    assert float(steep["slope"].max()) == pytest.approx(STEEPEST, rel=1e-6)
    assert float(steep["intercept"].max()) == pytest.approx(LARGEST_INTERCEPT, rel=1e-6)


def test_too_few_stations_or_days_are_said() -> None:
    with pytest.raises(TooLittle, match="make 4 lines in the best month; wanted 5 stations with 30 days"):
        learn_gradient(rows_of(stations=4), 0)
    with pytest.raises(TooLittle, match="make 0 lines"):
        learn_gradient(rows_of(days=20), 0)


def test_what_is_not_dry_snow_teaches_nothing() -> None:
    warm = rows_of()
    warm["tb_22v"] = warm["tb_22v"] + 40.0
    with pytest.raises(TooLittle, match=r"^0 pairs of dry snow"):
        learn_gradient(warm, 0)


def test_a_station_that_is_left_out_does_not_speak_of_itself() -> None:
    slope = np.full((12, 4), np.nan)
    slope[0] = [0.01, 0.01, 0.01, 0.03]
    stations = Stations(np.full(4, 60.0), np.array([30.0, 31.0, 32.0, 33.0]), slope, np.zeros((12, 4)))
    place = np.array([60.0]), np.array([33.0])
    assert from_stations(stations, 0, *place)[0, 0] > 0.025
    assert from_stations(stations, 0, *place, without=3)[0, 0] == pytest.approx(0.01)


def test_stations_count_by_the_inverse_square_of_their_distance_as_far_as_800_km() -> None:
    # 1, 2 and 4 degrees off along a meridian, and 7.1 (789 km) or 7.3 (812 km).
    weights = np.array([1.0, 1 / 4, 1 / 16])
    near = (weights * [0.01, 0.02, 0.03]).sum() / weights.sum()
    for farthest, wanted in ((7.3, near), (7.1, (near * weights.sum() + 0.04 / 7.1**2) / (weights.sum() + 1 / 7.1**2))):
        slope = np.full((12, 4), np.nan)
        slope[0] = [0.01, 0.02, 0.03, 0.04]
        stations = Stations(60.0 - np.array([1.0, 2.0, 4.0, farthest]), np.full(4, 30.0), slope, np.zeros((12, 4)))
        found = from_stations(stations, 0, np.array([60.0]), np.array([30.0]))
        assert found[0, 0] == pytest.approx(wanted, rel=1e-6)


def test_across_the_date_line_a_station_is_as_near_as_elsewhere() -> None:
    slope = np.full((12, 3), 0.01)
    stations = Stations(np.full(3, 66.0), np.array([179.0, -179.0, 178.0]), slope, np.zeros((12, 3)))
    assert from_stations(stations, 0, np.full(2, 66.0), np.array([-180.0, 180.0]))[2].tolist() == [1.0, 1.0]


def test_a_pair_is_of_the_day_and_of_the_cell_that_the_station_stands_in() -> None:
    latitude, longitude = np.meshgrid([62.0, 61.5], [29.5, 30.0, 30.5], indexing="ij")
    level = np.arange(6.0).reshape(2, 3) + 200
    level[1, 2] = np.nan
    first = xr.Dataset(dict.fromkeys(SNOW, (("y", "x"), level)))
    second = xr.Dataset({name: (("y", "x"), np.full((2, 3), 150.0)) for name in SNOW})
    stations = xr.Dataset(
        {
            "station": ("row", ["A", "B", "A"]),
            "time": ("row", np.array(["2014-02-04", "2014-02-04", "2014-02-05"], "datetime64[ns]")),
            "latitude": ("row", [61.9, 61.4, 61.9]),
            "longitude": ("row", [30.1, 30.6, 30.1]),
            "elevation": ("row", [120.0, 80.0, 120.0]),
            "snow_depth": ("row", [0.31, 0.12, 0.35]),
        }
    )
    places = (xr.DataArray(values, dims=("y", "x")) for values in (latitude, longitude))
    rows = sample_stations((first, second), (stations,), on(DAY), *places)
    assert rows["station"].tolist() == ["A", "B"]
    assert rows["tb_37h"].tolist() == [201.0, 150.0]
    assert rows["depth"].tolist() == [0.31, 0.12]
    assert rows["month"].tolist() == [2, 2]
    assert rows.keys() == ROWS.keys()


def test_a_set_of_another_shape_or_with_holes_is_refused() -> None:
    assert PARAMETERS.check is not None
    whole = coefficients()
    for bad, said in ((whole.isel(month=slice(3)), "shape"), (whole.where(whole["slope"] > 1), "missing")):
        with pytest.raises(GranuleError, match=said):
            PARAMETERS.check(type("Opened", (), {"data": bad})(), type("Granule", (), {"granule_id": "set"})())
    assert whole.sizes == {"month": 12, "latitude": LATITUDES.size, "longitude": LONGITUDES.size}
