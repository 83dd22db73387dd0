from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.grid import CHINA_025, TIBET_005
from icestream_core.variable import Flags
from icestream_generation.align import onto
from icestream_physics.downscaling import Redistribution
from icestream_snow_depth.snow_depth_tibet_005 import FACTOR, PARTLY_WEIGHTED, PRODUCT, snow_depth_tibet_005

Field = Callable[[str, object], xr.Dataset]
NAN = np.nan


def fine(name: str, values: np.ndarray) -> xr.Dataset:
    return xr.Dataset({name: (("y", "x"), np.asarray(values, np.float32))})


def repeated(coarse: np.ndarray) -> np.ndarray:
    return np.kron(np.asarray(coarse, np.float32), np.ones((FACTOR, FACTOR), np.float32))


def blocks(values: np.ndarray) -> np.ndarray:
    rows, columns = (size // FACTOR for size in values.shape)
    return values.reshape(rows, FACTOR, columns, FACTOR).swapaxes(1, 2).reshape(rows, columns, -1)


def share(
    depth: object, probability: np.ndarray | None = None, cover: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return depth and the code of each block, for coarse depths and fine fields."""
    made = snow_depth_tibet_005(
        fine("snow_depth", repeated(np.atleast_2d(np.asarray(depth, np.float32)))),
        None if probability is None else fine("snow_cover_probability", probability),
        None if cover is None else fine("snow_area_fraction", cover),
    )
    codes = blocks(made["sharing"])
    assert (codes == codes[..., :1]).all()
    return made["snow_depth"], codes[..., 0]


def test_the_fine_grid_nests_in_the_coarse_one() -> None:
    assert TIBET_005.cell[0] * FACTOR == pytest.approx(CHINA_025.cell[0])
    for fine_edge, coarse_edge in zip(TIBET_005.bounds, CHINA_025.bounds, strict=True):
        steps = (fine_edge - coarse_edge) / 0.25
        assert steps == pytest.approx(round(steps), abs=1e-6)
    assert TIBET_005.width % FACTOR == TIBET_005.height % FACTOR == 0


def test_the_coarse_depth_comes_back_from_its_repeated_cells() -> None:
    coarse = np.random.default_rng(1).uniform(0, 1, CHINA_025.shape).astype(np.float32)
    depth = xr.Dataset({"snow_depth": (("y", "x"), onto(coarse, CHINA_025, TIBET_005, "nearest"))})
    made = snow_depth_tibet_005(depth, None, None)
    row, column = round((55.125 - 40.125) / 0.25), round((72.875 - 59.875) / 0.25)
    expected = coarse[row : row + TIBET_005.height // FACTOR, column : column + TIBET_005.width // FACTOR]
    np.testing.assert_allclose(blocks(made["snow_depth"]).mean(axis=-1), expected, atol=1e-6)


fractions = st.one_of(st.floats(0, 1, width=32), st.just(np.float32(0)), st.just(np.float32(np.nan)))
fine_fields = hnp.arrays(np.float32, (10, 15), elements=fractions)
depths = hnp.arrays(np.float32, (2, 3), elements=st.one_of(st.floats(0, 1, width=32), st.just(np.float32(np.nan))))


@given(depths, st.none() | fine_fields, st.none() | fine_fields)
def test_no_snow_is_lost_or_made_and_none_is_negative(
    depth: np.ndarray, probability: np.ndarray | None, cover: np.ndarray | None
) -> None:
    made, code = share(depth, probability, cover)
    known = np.isfinite(depth)
    np.testing.assert_array_equal(np.isfinite(blocks(made)).all(axis=-1), known)
    np.testing.assert_array_equal(np.isfinite(blocks(made)).any(axis=-1), known)
    assert (made[np.isfinite(made)] >= 0).all()
    mean = blocks(made).astype(np.float64).mean(axis=-1)
    kept = known & ~np.isin(code, (Redistribution.CONFLICT, Redistribution.CAPPED))
    np.testing.assert_allclose(mean[kept], depth[kept], atol=1e-6)
    less = known & ~kept
    assert (mean[less] < depth[less] + 1e-6).all()
    assert (blocks(made).max(axis=-1)[known] <= 5 * depth[known] * (1 + 1e-6)).all()
    sharing = PRODUCT.writes["sharing"]
    assert isinstance(sharing, Flags)
    assert set(np.unique(code).tolist()) <= sharing.meanings.keys()


@given(depths, fine_fields, fine_fields)
def test_its_inputs_are_not_touched(depth: np.ndarray, probability: np.ndarray, cover: np.ndarray) -> None:
    given_inputs = (
        fine("snow_depth", repeated(depth)),
        fine("snow_cover_probability", probability.copy()),
        fine("snow_area_fraction", cover.copy()),
    )
    before = [given_input.copy(deep=True) for given_input in given_inputs]
    snow_depth_tibet_005(*given_inputs)
    for given_input, copy in zip(given_inputs, before, strict=True):
        xr.testing.assert_identical(given_input, copy)


@given(depths, st.floats(0.0625, 1, width=32))
def test_the_same_probability_everywhere_changes_nothing(depth: np.ndarray, probability: float) -> None:
    for cover in (None, np.full((10, 15), 0.7)):
        made, _ = share(depth, np.full((10, 15), probability), cover)
        np.testing.assert_allclose(made, repeated(depth), rtol=1e-6)


def test_snow_goes_where_it_is_likely_in_proportion() -> None:
    probability = np.full((5, 5), 0.25)
    probability[0] = 0.5
    made, code = share(0.1, probability, np.ones((5, 5)))
    # Five cells of weight 2 and twenty of weight 1 share 25 cells' worth of 0.1 m.
    np.testing.assert_allclose(made[0], 2.5 / 30 * 2, rtol=1e-6)
    np.testing.assert_allclose(made[1:], 2.5 / 30, rtol=1e-6)
    assert code == Redistribution.CONSERVED


def test_where_no_composite_has_a_cell_clear_the_probability_stands_in() -> None:
    probability = np.linspace(0.1, 1, 25).reshape(5, 5)
    made, code = share(0.2, probability, np.full((5, 5), NAN))
    np.testing.assert_allclose(made, 0.2 * probability**2 / (probability**2).mean(), rtol=1e-5)
    assert code == Redistribution.CONSERVED


@pytest.mark.parametrize("probability", [None, np.full((5, 5), NAN)])
def test_without_a_probability_the_cover_alone_decides(probability: np.ndarray | None) -> None:
    cover = np.linspace(0.2, 1, 25).reshape(5, 5)
    made, _ = share(0.2, probability, cover)
    np.testing.assert_allclose(made, 0.2 * cover / cover.mean(), rtol=1e-5)


@pytest.mark.parametrize("cover", [None, np.full((5, 5), NAN)])
def test_without_anything_every_cell_has_the_coarse_depth_and_says_so(cover: np.ndarray | None) -> None:
    made, code = share(0.3, None, cover)
    np.testing.assert_allclose(made, 0.3, rtol=1e-6)
    assert code == Redistribution.UNWEIGHTED


def test_a_clear_block_without_snow_contradicts_the_microwaves() -> None:
    made, code = share([[0.3, 0.0]], np.ones((5, 10)), np.zeros((5, 10)))
    assert (made == 0).all()
    assert code.tolist() == [[Redistribution.CONFLICT, Redistribution.CONSERVED]]


def test_snow_piled_into_too_few_cells_is_capped_at_five_times_the_block() -> None:
    cover = np.zeros((5, 5))
    cover[2, 2] = 1
    made, code = share(0.2, np.ones((5, 5)), cover)
    assert made[2, 2] == pytest.approx(1.0)
    assert made.sum() == pytest.approx(1.0)
    assert code == Redistribution.CAPPED


def test_at_the_edge_of_a_tile_cells_without_a_weight_take_their_blocks_mean() -> None:
    cover = np.full((5, 5), NAN)
    cover[:, :3] = [0.2, 0.4, 0.6]
    made, code = share(0.1, None, cover)
    np.testing.assert_allclose(made[0], [0.05, 0.1, 0.15, 0.1, 0.1], rtol=1e-5)
    assert code == PARTLY_WEIGHTED


def test_no_coarse_depth_gives_no_fine_one() -> None:
    made, code = share([[NAN, 0.1]], None, np.ones((5, 10)))
    assert np.isnan(made[:, :5]).all()
    assert code.tolist() == [[Redistribution.NO_DATA, Redistribution.CONSERVED]]
