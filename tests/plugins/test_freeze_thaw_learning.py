"""What the rules learn from soils of known state, and how they do on others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from icestream_core.fit import Fitted, TooLittle
from icestream_core.grid import lonlat
from icestream_freeze_thaw.discriminants import discriminant, learn_discriminants
from icestream_freeze_thaw.sensors import BANDS
from icestream_freeze_thaw.thresholds import learn_thresholds, search
from icestream_freeze_thaw.training import sample_stations
from icestream_physics.freeze_thaw import FREEZE_THAW_INDEX, spectral_gradient
from icestream_simulator.frozen_soil import RADIOMETERS, FrozenSoil, frozen_soil_rows, frozen_soils

TRAINED, OTHERS = 1, 2
"""Seeds."""


def gradient(soil: FrozenSoil, sensor: str) -> np.ndarray:
    return spectral_gradient(soil.tb["tb_19v"], soil.tb["tb_37v"], *BANDS[sensor])


@pytest.mark.parametrize("sensor", RADIOMETERS)
def test_both_rules_are_right_in_nine_of_ten_soils_that_they_never_saw(sensor: str) -> None:
    soil, other = (frozen_soils(sensor, 4000, seed) for seed in (TRAINED, OTHERS))
    double = search(soil.tb["tb_37v"], gradient(soil, sensor), soil.frozen)
    assert (double.frozen(other.tb["tb_37v"], gradient(other, sensor)) == other.frozen).mean() >= 0.90
    plane = discriminant(soil.tb["tb_19h"], soil.tb["tb_37v"], soil.frozen)
    assert (plane.frozen(other.tb["tb_19h"], other.tb["tb_37v"]) == other.frozen).mean() >= 0.90


def test_the_plane_that_amsr2_learns_is_nearly_the_published_one() -> None:
    soil = frozen_soils("amsr2", 20_000, seed=3)
    learned = discriminant(soil.tb["tb_19h"], soil.tb["tb_37v"], soil.frozen)
    # Two authors' soils and two dielectric models: what is alike is no accident.
    assert learned == pytest.approx(FREEZE_THAW_INDEX, rel=0.06)


def test_a_zero_gradient_alone_would_find_too_little_ice() -> None:
    # Without snow and scattering no soil has a gradient far below nought: the sign of S0 is what matters.
    soil = frozen_soils("ssmi", 4000, seed=TRAINED)
    found = search(soil.tb["tb_37v"], gradient(soil, "ssmi"), soil.frozen)
    assert found.steepest_frozen > 0.05
    zero = found._replace(steepest_frozen=0.0).frozen(soil.tb["tb_37v"], gradient(soil, "ssmi"))
    assert (zero == soil.frozen).mean() < 0.80


@pytest.mark.parametrize("sensor", RADIOMETERS)
def test_a_gradient_is_taken_between_the_frequencies_that_the_sensor_has(sensor: str) -> None:
    vertical = [channel.frequency for channel in RADIOMETERS[sensor].channels if channel.polarisation == "V"]
    assert BANDS[sensor] == (min(vertical), next(frequency for frequency in vertical if 30.0 < frequency < 40.0))


def test_thresholds_are_found_where_they_are() -> None:
    tb, slope = (axis.ravel() for axis in np.meshgrid(np.arange(235.0, 280.0, 0.25), np.arange(-1.0, 1.0, 0.01)))
    frozen = (tb < 255.0) & (slope < -0.2)
    found = search(tb, slope, frozen)
    assert found.coldest_thawed == pytest.approx(255.0, abs=0.25)
    assert found.steepest_frozen == pytest.approx(-0.2, abs=0.02)


def test_a_plane_is_found_where_it_is() -> None:
    dice = np.random.default_rng(5)
    tb = dice.uniform(230.0, 290.0, 5000)
    quasi = dice.uniform(0.85, 1.0, 5000)
    frozen = -0.123 * tb + 8.0 * quasi + 24.0 > 0
    found = discriminant(quasi * tb, tb, frozen)
    assert (found.frozen(quasi * tb, tb) == frozen).mean() > 0.95


def test_ground_that_thaws_as_it_cools_is_refused() -> None:
    tb = np.linspace(230.0, 290.0, 200)
    quasi = 0.95 + 0.02 * np.sin(np.arange(200))
    with pytest.raises(ValueError, match="thaw as it grows colder"):
        discriminant(quasi * tb, tb, tb > 260.0)


@pytest.mark.parametrize("learn", [learn_thresholds, learn_discriminants])
def test_a_sensor_with_too_few_rows_is_left_out_and_gaps_are_no_rows(learn: Callable[..., Fitted]) -> None:
    rows = frozen_soil_rows(4, lambda _done, _total: None)
    few = np.flatnonzero((rows["sensor"] == "ssmis") | (np.arange(rows["sensor"].size) % 1000 == 0))
    given = {name: column[few] for name, column in rows.items()}
    given["tb_37v"] = np.where(np.arange(few.size) % 5 == 0, np.nan, given["tb_37v"])
    found = learn(given, 0)
    assert found.parameters["sensor"] == ["ssmis"]
    assert 0.90 < found.score["overall accuracy of ssmis"] <= 1.0
    with pytest.raises(TooLittle, match="wanted 30 of frozen and 30 of thawed"):
        learn({name: column[:20] for name, column in given.items()}, 0)


def test_a_station_gives_a_row_for_each_sensor_that_passed() -> None:
    grid = lonlat("two", 90.0, 33.0, 0.25, 4, 4)
    shape = grid.shape
    day = {name: (("y", "x"), np.full(shape, 240.0)) for name in ("tb_19h", "tb_19v")}
    high = (("y", "x"), 240.0 + np.arange(16.0).reshape(shape))
    passes = tuple(
        xr.Dataset(day | {"tb_37v": high, "calibration": (("y", "x"), np.full(shape, code))}, attrs={"sensor": sensor})
        for sensor, code in (("ssmis", 0.0), ("amsr2", 2.0))
    )
    table = {"latitude": [32.9, 32.1], "longitude": [90.1, 90.9], "ground_temperature": [265.0, 275.0]}
    stations = xr.Dataset({name: ("row", np.array(column)) for name, column in table.items()})
    rows = sample_stations(passes, (stations,), grid)
    assert rows["sensor"].tolist() == ["ssmis", "ssmis", "amsr2", "amsr2"]
    assert rows["tb_37v"].tolist() == [240.0, 255.0, 240.0, 255.0]
    assert rows["ground_temperature"].tolist() == [265.0, 275.0, 265.0, 275.0]
