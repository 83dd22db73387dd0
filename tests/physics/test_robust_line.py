from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from icestream_physics.robust_line import TUNING, huber_1964


def points(off: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    x = random.uniform(0, 40, 200)
    y = 0.9 * x + 3.0 + random.normal(0, 1.5, 200)
    y[:off] += 60.0
    return x, y


def test_a_tenth_of_points_that_are_far_off_hardly_moves_the_line() -> None:
    line = huber_1964(*points(20))
    assert line.slope == pytest.approx(0.9, abs=0.04)
    assert line.intercept == pytest.approx(3.0, abs=0.8)
    assert line.spread == pytest.approx(1.5, rel=0.3)


def test_it_minimises_the_loss_that_scipy_minimises() -> None:
    x, y = points(20)
    line = huber_1964(x, y)
    wanted = least_squares(
        lambda p: (p[0] * x + p[1] - y) / (TUNING * line.spread), [1.0, 0.0], loss="huber", xtol=1e-12, ftol=1e-12
    )
    assert [line.slope, line.intercept] == pytest.approx(wanted.x.tolist(), abs=2e-3)


def test_points_on_a_line_give_it_and_gaps_are_left_out() -> None:
    assert huber_1964([0, 1, np.nan, 2], [1, 3, 9, 5])[:2] == pytest.approx((2.0, 1.0))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), ([2, 2, 2], [1, 2, 3])])
def test_what_makes_no_line_is_said(x: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match="no line goes through"):
        huber_1964(x, y)
