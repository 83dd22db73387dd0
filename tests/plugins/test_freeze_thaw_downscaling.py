"""The index handed down by surface temperature: what is kept, and where the contour of 0 degrees Celsius comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_freeze_thaw.discriminants import discriminant
from icestream_freeze_thaw.lst_downscaling import USUAL_SLOPE, hand_down, local_slope
from icestream_physics.freeze_thaw import zhao_2017
from icestream_simulator.frozen_soil import frozen_soils

ROWS, COLUMNS, FACTOR = 6, 7, 5
INDICES = hnp.arrays(np.float64, (ROWS, COLUMNS), elements=st.floats(-40, 40) | st.just(np.nan))
KELVINS = hnp.arrays(
    np.float64, (ROWS * FACTOR, COLUMNS * FACTOR), elements=st.floats(220, 320) | st.just(np.nan), fill=st.just(270.0)
)


def block_mean(fine: np.ndarray) -> np.ndarray:
    return fine.reshape(fine.shape[0] // FACTOR, FACTOR, fine.shape[1] // FACTOR, FACTOR).mean(axis=(1, 3))


@settings(max_examples=40, deadline=None)
@given(INDICES, KELVINS, st.booleans())
def test_the_mean_over_every_coarse_cell_is_kept(index: np.ndarray, kelvin: np.ndarray, wraps: bool) -> None:
    handed = hand_down(index, kelvin, FACTOR, wraps)
    np.testing.assert_allclose(block_mean(handed.fine), index, atol=1e-6, equal_nan=True)
    assert not handed.downscaled[np.isnan(handed.fine) | np.isnan(kelvin)].any()


@settings(max_examples=40, deadline=None)
@given(INDICES, KELVINS)
def test_warmer_ground_is_never_the_more_frozen(index: np.ndarray, kelvin: np.ndarray) -> None:
    assert (local_slope(index, block_mean(kelvin)) <= 0).all()


def test_where_the_temperature_is_uniform_every_fine_cell_is_as_its_coarse_one() -> None:
    index = np.random.default_rng(1).normal(0.0, 4.0, (ROWS, COLUMNS))
    handed = hand_down(index, np.full((ROWS * FACTOR, COLUMNS * FACTOR), 271.0), FACTOR)
    np.testing.assert_array_equal(handed.fine, np.kron(index, np.ones((FACTOR, FACTOR))))


def test_under_cloud_a_fine_cell_is_as_its_coarse_one_and_said_to_be() -> None:
    index = np.full((ROWS, COLUMNS), 1.5)
    handed = hand_down(index, np.full((ROWS * FACTOR, COLUMNS * FACTOR), np.nan), FACTOR)
    assert (handed.fine == 1.5).all()
    assert not handed.downscaled.any()


def test_the_slope_is_found_where_there_is_enough_to_see_and_is_the_usual_one_where_not() -> None:
    kelvin = 260.0 + 20.0 * np.random.default_rng(2).random((12, 12))
    index = -0.3 * (kelvin - 273.15)
    assert local_slope(index, kelvin)[6, 6] == pytest.approx(-0.3, abs=0.01)
    flat = np.full((12, 12), 270.0)
    assert local_slope(flat * 0.0, flat)[6, 6] == pytest.approx(USUAL_SLOPE)


def test_by_strips_comes_what_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    index, kelvin = random.normal(0.0, 4.0, (7, 6)), random.normal(272.0, 3.0, (35, 30))
    whole = hand_down(index, kelvin, FACTOR, True)
    monkeypatch.setattr("icestream_freeze_thaw.lst_downscaling.STRIP", 2 * 6 * FACTOR**2)
    np.testing.assert_array_equal(hand_down(index, kelvin, FACTOR, True).fine, whole.fine)


def test_on_a_global_grid_the_last_column_is_beside_the_first() -> None:
    kelvin = 260.0 + 20.0 * np.random.default_rng(3).random((9, 12))
    index = -0.3 * (kelvin - 273.15)
    rolled = np.roll(local_slope(np.roll(index, 5, axis=1), np.roll(kelvin, 5, axis=1), True), -5, axis=1)
    np.testing.assert_allclose(local_slope(index, kelvin, True), rolled)


def test_the_contour_of_zero_degrees_is_recovered_on_a_mountain_side() -> None:
    # A ramp of 0 to 4000 m from west to east, under air of 283 K at its foot and 6.5 K colder with each kilometre. The
    # radiometer sees the mean of 25 cells; the ground has the emissivities of soil by tau-omega near the melting point,
    # on which the plane was fitted.
    rows, columns = 8, 20
    height = np.broadcast_to(np.linspace(0.0, 4000.0, columns * FACTOR), (rows * FACTOR, columns * FACTOR))
    kelvin = 283.0 - 6.5e-3 * height
    frozen = kelvin < 273.15
    vertical, horizontal = (block_mean(np.where(frozen, *pair) * kelvin) for pair in ((0.970, 0.960), (0.953, 0.938)))
    soil = frozen_soils("amsr2", 4000, seed=11)
    plane = discriminant(soil.tb["tb_19h"], soil.tb["tb_37v"], soil.frozen)
    index = zhao_2017(horizontal, vertical, plane)
    found = hand_down(index, kelvin, FACTOR).fine > 0
    edge, true_edge = (np.argmax(state, axis=1) for state in (found, frozen))
    coarse_edge = np.argmax(np.kron(index > 0, np.ones((FACTOR, FACTOR))), axis=1)
    at_edge = kelvin[np.arange(rows * FACTOR), edge]
    np.testing.assert_allclose(at_edge, 273.15, atol=1.5)
    assert np.abs(edge - true_edge).mean() <= np.abs(coarse_edge - true_edge).mean()
