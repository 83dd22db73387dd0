from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from icestream_core.grid import CHINA_025, TIBET_005, Grid
from icestream_core.period import Interval, day, eight_day
from icestream_physics.snow_screening import SnowQuality
from icestream_simulator.score import Score, score
from icestream_simulator.truth import Truth

MOMENT = datetime(2026, 2, 3, tzinfo=UTC)


def interval(of: str) -> Interval:
    found = (day() if of == "day" else eight_day()).containing(MOMENT)
    assert found is not None
    return found


def write(path: Path, grid: Grid, **layers: np.ndarray) -> Path:
    a, _, c, _, e, f = grid.transform
    coordinates = {
        "lat": f + e * (np.arange(grid.height) + 0.5),
        "lon": c + a * (np.arange(grid.width) + 0.5),
    }
    dims = ("lat", "lon") if grid.is_geographic else ("y", "x")
    data = {name: (dims, values) for name, values in layers.items()}
    xr.Dataset(data, coordinates if grid.is_geographic else None).to_netcdf(path, engine="h5netcdf")
    return path


def by_measure(scores: list[Score]) -> dict[str, Score]:
    return {found.measure: found for found in scores}


def test_a_known_error_is_the_score(truth: Truth, tmp_path: Path) -> None:
    true = truth.snow_depth(CHINA_025, MOMENT.date())
    quality = np.where(true > 0.02, SnowQuality.DRY_SNOW, SnowQuality.NO_SCATTERING).astype(np.uint8)
    path = write(tmp_path / "p.nc", CHINA_025, snow_depth=np.where(true > 0, true + 0.02, 0.0), quality=quality)
    found = by_measure(score("snow-depth-china", path, interval("day"), truth))
    assert found["bias"].value == pytest.approx(0.02, abs=1e-4)
    assert found["root mean square error"].value == pytest.approx(0.02, abs=1e-4)
    assert found["snow found"].value == 1.0
    assert found["bare ground found"].value == 1.0
    assert all(measure.holds and measure.cells > 1000 for measure in found.values())


def test_a_product_that_is_wrong_does_not_hold(truth: Truth, tmp_path: Path) -> None:
    true = truth.snow_depth(CHINA_025, MOMENT.date())
    depth, quality = np.full_like(true, 0.5), np.full(true.shape, SnowQuality.DRY_SNOW, dtype=np.uint8)
    path = write(tmp_path / "p.nc", CHINA_025, snow_depth=depth, quality=quality)
    found = by_measure(score("snow-depth-china", path, interval("day"), truth))
    assert not found["bias"].holds
    assert not found["root mean square error"].holds
    assert not found["bare ground found"].holds


def test_what_was_filled_or_screened_is_not_compared(truth: Truth, tmp_path: Path) -> None:
    true = truth.snow_depth(CHINA_025, MOMENT.date())
    quality = np.full(true.shape, SnowQuality.GAP_FILLED, dtype=np.uint8)
    path = write(tmp_path / "p.nc", CHINA_025, snow_depth=true + 9.0, quality=quality)
    assert score("snow-depth-china", path, interval("day"), truth) == []


def test_fine_cells_are_held_to_the_fine_truth(truth: Truth, tmp_path: Path) -> None:
    true = truth.snow_depth(TIBET_005, MOMENT.date(), fine=True)
    path = write(tmp_path / "p.nc", TIBET_005, snow_depth=true)
    found = by_measure(score("snow-depth-tibet-005", path, interval("day"), truth))
    assert found["root mean square error"].value == pytest.approx(0.0, abs=1e-6)


def test_snow_cover_agrees_where_it_is_the_truth(truth: Truth, tmp_path: Path) -> None:
    true, tile = truth.snow_cover("h25v05", interval("8-day")), "h25v05"
    codes = np.where(true, 200, 0).astype(np.int16)
    codes[:600] = 250  # glacier: not compared
    data = xr.Dataset({"snow_cover": (("y", "x"), codes)})
    data.to_netcdf(tmp_path / "p.nc", engine="h5netcdf")
    (agreement,) = score("snow-cover-hma", tmp_path / "p.nc", interval("8-day"), truth, tile)
    assert agreement.value == 1.0
    assert agreement.holds
    assert agreement.tile == tile
    data["snow_cover"][:] = 0
    data.to_netcdf(tmp_path / "q.nc", engine="h5netcdf")
    (agreement,) = score("snow-cover-hma", tmp_path / "q.nc", interval("8-day"), truth, tile)
    assert agreement.value == pytest.approx(1.0 - true[truth.tile(tile).is_land()].mean(), abs=1e-6)


def test_a_product_without_known_truth_has_no_score(truth: Truth, tmp_path: Path) -> None:
    path = write(tmp_path / "p.nc", CHINA_025, tb_19h=np.zeros(CHINA_025.shape))
    assert score("cold-pass-tb", path, interval("day"), truth) == []
