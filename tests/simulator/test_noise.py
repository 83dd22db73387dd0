from __future__ import annotations

import numpy as np
import pytest

from icestream_simulator.noise import LatticePoints, enlarge, generator, lattice, point_noise, value_noise


def test_noise_at_points_is_the_noise_of_the_grid_there() -> None:
    x, y = np.linspace(-3.7, 9.2, 40), np.linspace(100.1, 140.3, 30)
    columns, rows = np.meshgrid(x, y)
    np.testing.assert_allclose(point_noise(5, "drift", columns, rows), value_noise(5, "drift", x, y), atol=1e-5)


def test_two_grids_that_overlap_see_the_same_noise() -> None:
    x = np.arange(200) / 7.3
    whole, part = value_noise(5, "drift", x, x), value_noise(5, "drift", x[60:90], x[20:50])
    np.testing.assert_allclose(whole[20:50, 60:90], part, atol=1e-5)


def test_noise_has_unit_variance_and_no_mean() -> None:
    x = np.arange(1200) / 6.1
    noise = value_noise(5, "drift", x, x)
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    assert noise.mean() == pytest.approx(0.0, abs=0.05)


def test_another_name_or_seed_is_another_noise() -> None:
    x = np.arange(100) / 3.0
    first = value_noise(5, "drift", x, x)
    assert abs(np.corrcoef(first.ravel(), value_noise(5, "cloud", x, x).ravel())[0, 1]) < 0.2
    assert abs(np.corrcoef(first.ravel(), value_noise(6, "drift", x, x).ravel())[0, 1]) < 0.2


@pytest.mark.parametrize("scale", [2.5, 5.0, 10.0, 15.0])
def test_a_lattice_has_unit_variance_and_closes_round_the_earth(scale: float) -> None:
    fields = np.stack([lattice(seed, "x", scale=scale) for seed in range(12)])
    assert fields.std() == pytest.approx(1.0, abs=0.12)
    seam = np.abs(fields[:, :, 0] - fields[:, :, -1]).mean()
    within = np.abs(np.diff(fields, axis=2)).mean()
    assert seam < 2.0 * within


def test_a_lattice_moves_eastward_and_comes_round() -> None:
    field = lattice(1, "x", scale=10.0)
    here = LatticePoints(np.array([30.0, 179.0]), np.array([40.0, -20.0]))
    west = LatticePoints(np.array([20.0, 169.0]), np.array([40.0, -20.0]))
    np.testing.assert_allclose(here.sample(field, east=10.0), west.sample(field), atol=1e-4)
    np.testing.assert_allclose(here.sample(field, east=360.0), here.sample(field), atol=1e-3)


def test_enlarging_a_slope_gives_a_finer_slope() -> None:
    fine = enlarge(np.outer(np.ones(4), np.arange(4.0)).astype(np.float32), 4)
    np.testing.assert_allclose(fine[0], (np.arange(12) + 0.5) / 4, atol=1e-6)


def test_a_generator_belongs_to_its_names() -> None:
    assert generator(1, "a", 2).random() == generator(1, "a", 2).random()
    assert generator(1, "a", 2).random() != generator(1, "a", 3).random()
