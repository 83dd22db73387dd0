"""Cover from depth, and depth from cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.snow_cover_depletion import niu_yang_2007, niu_yang_2007_inverse


def test_new_snow_of_one_scale_depth_covers_tanh_1() -> None:
    # The scale depth of new snow is 2.5 z0 = 2.5 cm.
    assert niu_yang_2007(0.025, 100.0) == pytest.approx(np.tanh(1.0))


def test_old_dense_snow_covers_less_than_new() -> None:
    assert niu_yang_2007(0.05, 300.0) < niu_yang_2007(0.05, 100.0)


def test_cover_falls_as_density_grows_in_step_with_it() -> None:
    # By hand: tanh(0.05 / (2.5 * 0.01 * 300 / 100)), and 0.05 * atanh(0.5) for snow of 200 kg m-3.
    assert niu_yang_2007(0.05, 300.0) == pytest.approx(0.5828, abs=1e-4)
    assert niu_yang_2007_inverse(0.5, 200.0) == pytest.approx(0.02747, abs=1e-5)


def test_full_cover_gives_a_finite_depth() -> None:
    assert niu_yang_2007_inverse(1.0, 200.0) == pytest.approx(0.05 * np.arctanh(0.99))


@given(st.floats(0.0, 0.98), st.floats(50.0, 500.0))
def test_cover_and_depth_are_each_others_inverse(cover: float, density: float) -> None:
    depth = niu_yang_2007_inverse(cover, density)
    assert depth >= 0
    assert niu_yang_2007(depth, density) == pytest.approx(cover, abs=1e-9)
