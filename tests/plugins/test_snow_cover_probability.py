from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.errors import Void
from icestream_core.variable import Variable
from icestream_core.window import spans
from icestream_snow_cover.snow_cover_probability import PRODUCT, snow_cover_probability


def season(values: np.ndarray) -> xr.Dataset:
    stack = np.asarray(values, np.float32)
    return xr.Dataset(
        {"snow_area_fraction": (("step", "y", "x"), stack)}, coords={"step": -1000 * np.arange(len(stack))}
    )


def test_the_probability_is_the_share_of_clear_views_with_snow() -> None:
    made = snow_cover_probability(
        season([[[1, 0.5, np.nan]], [[0, 0.5, np.nan]], [[0, np.nan, np.nan]], [[0, 1, 0.2]]])
    )
    np.testing.assert_allclose(made["snow_cover_probability"], [[0.25, 2 / 3, 0.2]], rtol=1e-6)
    assert made["composites"].tolist() == [[4, 3, 1]]


def test_a_cell_that_no_composite_sees_is_missing() -> None:
    made = snow_cover_probability(season([[[1, np.nan]], [[1, np.nan]]]))
    np.testing.assert_equal(made["snow_cover_probability"], np.array([[1, np.nan]], np.float32))
    np.testing.assert_equal(made["composites"], np.array([[2, np.nan]], np.float32))


def test_nothing_but_cloud_gives_nothing() -> None:
    with pytest.raises(Void, match="no composite"):
        snow_cover_probability(season(np.full((3, 2, 2), np.nan)))


stacks = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.just(3), st.just(4)),
    elements=st.one_of(st.floats(0, 1, width=32), st.just(np.float32(np.nan))),
).filter(lambda stack: bool(np.isfinite(stack).any()))


@given(stacks)
def test_it_lies_between_the_least_and_the_greatest_view_in_any_order(stack: np.ndarray) -> None:
    cover = season(stack.copy())
    made = snow_cover_probability(cover)
    np.testing.assert_array_equal(cover["snow_area_fraction"].values, stack)
    probability, seen = made["snow_cover_probability"], np.isfinite(stack).any(axis=0)
    np.testing.assert_array_equal(np.isfinite(probability), seen)
    low, high = np.nan_to_num(stack, nan=2).min(axis=0), np.nan_to_num(stack, nan=-1).max(axis=0)
    assert (probability[seen] >= low[seen] - 1e-6).all()
    assert (probability[seen] <= high[seen] + 1e-6).all()
    backwards = snow_cover_probability(season(stack[::-1]))
    np.testing.assert_allclose(backwards["snow_cover_probability"], probability, rtol=1e-6)
    np.testing.assert_array_equal(backwards["composites"], made["composites"])


def test_no_more_composites_can_come_than_the_record_allows() -> None:
    interval = PRODUCT.period.containing(datetime(2014, 2, 4, tzinfo=UTC))
    assert interval is not None
    composites = PRODUCT.writes["composites"]
    assert isinstance(composites, Variable)
    assert len(spans(PRODUCT.inputs["cover"].window, PRODUCT.period, interval)) == composites.valid[1] == 63
