"""Interpolation in a table."""

import numpy as np
import pytest

from icestream_physics.multilinear import multilinear

AXES = (np.array([0.0, 1.0, 4.0]), np.array([10.0, 20.0]), np.array([-1.0, 0.0, 2.0]))
TABLE = 3.0 * AXES[0][:, None, None] - 0.5 * AXES[1][None, :, None] + 2.0 * AXES[2]


def test_a_linear_table_is_met_exactly_at_nodes_between_them_and_at_the_far_end() -> None:
    x, y, z = np.array([0.0, 0.3, 4.0]), np.array([10.0, 17.0, 20.0]), np.array([-1.0, 1.9, 2.0])
    np.testing.assert_allclose(multilinear(TABLE, AXES, (x, y, z)), 3.0 * x - 0.5 * y + 2.0 * z)


def test_points_broadcast() -> None:
    assert multilinear(TABLE, AXES, (np.zeros((4, 1)), np.full(3, 15.0), 0.0)).shape == (4, 3)


def test_a_missing_coordinate_gives_nothing() -> None:
    assert np.isnan(multilinear(TABLE, AXES, (np.nan, 15.0, 0.0)))


def test_a_point_outside_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="axis 1 of the table runs from 10 to 20; found 15 to 21"):
        multilinear(TABLE, AXES, (0.0, [15.0, 21.0], 0.0))
