"""Snow shared out over fine cells is neither made nor lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from icestream_physics.downscaling import PEAK_LIMIT, Redistribution, redistribute, snow_weight

FACTOR = 5
DEPTH = arrays(np.float64, (2, 3), elements=st.floats(0.0, 2.0, allow_subnormal=False))
WEIGHT = arrays(np.float64, (10, 15), elements=st.one_of(st.just(0.0), st.just(np.nan), st.floats(1e-6, 1.0)))


def block_means(fine: np.ndarray) -> np.ndarray:
    rows, columns = fine.shape[0] // FACTOR, fine.shape[1] // FACTOR
    blocks = fine.reshape(rows, FACTOR, columns, FACTOR).swapaxes(1, 2).reshape(rows, columns, -1)
    counts = (~np.isnan(blocks)).sum(axis=-1)
    return np.nansum(blocks, axis=-1) / np.maximum(counts, 1)


@settings(max_examples=300)
@given(DEPTH, WEIGHT)
def test_the_mean_is_conserved_or_the_outcome_says_why_not(depth: np.ndarray, weight: np.ndarray) -> None:
    result = redistribute(depth, weight, FACTOR)
    means = block_means(result.depth)
    kept = np.isin(result.outcome, (Redistribution.CONSERVED, Redistribution.UNWEIGHTED))
    np.testing.assert_allclose(means[kept], depth[kept], rtol=1e-6, atol=1e-12)
    assert (means[result.outcome == Redistribution.CAPPED] < depth[result.outcome == Redistribution.CAPPED]).all()
    assert (means[result.outcome == Redistribution.CONFLICT] == 0).all()


@given(DEPTH, WEIGHT)
def test_no_cell_is_negative_or_deeper_than_the_limit(depth: np.ndarray, weight: np.ndarray) -> None:
    fine = redistribute(depth, weight, FACTOR).depth
    brim = PEAK_LIMIT * np.kron(depth, np.ones((FACTOR, FACTOR)))
    assert (np.isnan(fine) | ((fine >= 0) & (fine <= brim * (1 + 1e-12)))).all()


@given(DEPTH, st.floats(1e-3, 1.0))
def test_equal_weights_change_nothing(depth: np.ndarray, weight: float) -> None:
    result = redistribute(depth, np.full((10, 15), weight), FACTOR)
    np.testing.assert_allclose(result.depth, np.kron(depth, np.ones((FACTOR, FACTOR))), rtol=1e-12)
    assert (result.outcome == Redistribution.CONSERVED).all()


def test_depth_follows_the_weights() -> None:
    weight = np.arange(1.0, 26.0).reshape(5, 5)
    result = redistribute([[0.26]], weight, FACTOR)
    np.testing.assert_allclose(result.depth, 0.02 * weight)


def test_what_overflows_one_cell_goes_to_the_others() -> None:
    weight = np.full((5, 5), 0.01)
    weight[0, 0] = 1.0
    result = redistribute([[0.1]], weight, FACTOR)
    assert result.depth[0, 0] == pytest.approx(0.5)
    np.testing.assert_allclose(result.depth.ravel()[1:], 2.0 / 24)
    assert result.outcome[0, 0] == Redistribution.CONSERVED


def test_too_few_snowy_cells_are_full_and_said_to_be_capped() -> None:
    weight = np.zeros((5, 5))
    weight[0, :3] = 1.0
    result = redistribute([[0.2]], weight, FACTOR)
    np.testing.assert_allclose(result.depth[0, :3], 1.0)
    assert result.outcome[0, 0] == Redistribution.CAPPED


def test_snow_where_none_may_lie_is_a_conflict() -> None:
    result = redistribute([[0.2]], np.zeros((5, 5)), FACTOR)
    assert (result.depth == 0).all()
    assert result.outcome[0, 0] == Redistribution.CONFLICT


def test_no_snow_where_none_may_lie_is_none() -> None:
    result = redistribute([[0.0]], np.zeros((5, 5)), FACTOR)
    assert (result.depth == 0).all()
    assert result.outcome[0, 0] == Redistribution.CONSERVED


def test_cells_outside_take_no_snow_and_do_not_count() -> None:
    weight = np.ones((5, 5))
    weight[:, 3:] = np.nan
    result = redistribute([[0.2]], weight, FACTOR)
    np.testing.assert_allclose(result.depth[:, :3], 0.2)
    assert np.isnan(result.depth[:, 3:]).all()


def test_a_block_without_any_weight_keeps_the_coarse_depth() -> None:
    result = redistribute([[0.2]], np.full((5, 5), np.nan), FACTOR)
    np.testing.assert_array_equal(result.depth, 0.2)
    assert result.outcome[0, 0] == Redistribution.UNWEIGHTED


def test_no_coarse_depth_gives_no_fine_depth() -> None:
    result = redistribute([[np.nan, 0.1]], np.ones((5, 10)), FACTOR)
    assert np.isnan(result.depth[:, :5]).all()
    np.testing.assert_allclose(result.depth[:, 5:], 0.1)
    assert result.outcome.tolist() == [[Redistribution.NO_DATA, Redistribution.CONSERVED]]


def test_the_snow_probability_stands_in_under_cloud() -> None:
    np.testing.assert_allclose(snow_weight([0.5, 0.5, 0.8], [1.0, np.nan, 0.0]), [0.5, 0.25, 0.0])


def test_a_weight_grid_that_does_not_nest_is_refused() -> None:
    with pytest.raises(ValueError, match=r"wanted \(5, 5\): 5 x 5 fine cells"):
        redistribute([[0.2]], np.ones((4, 5)), FACTOR)


def test_negative_snow_is_refused() -> None:
    with pytest.raises(ValueError, match="negative depth or weight"):
        redistribute([[-0.2]], np.ones((5, 5)), FACTOR)
