"""A computation that breaks a promise of its record is told which, where and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generation.samples import china_depth
from icestream_core.errors import ProductError
from icestream_core.product import Product
from icestream_core.variable import Flags, Variable
from icestream_generation.promises import check, stored_as_floats, valid_shares

SHAPE = (2, 3)
PRODUCT = china_depth()


def returned(**changed: Any) -> dict[str, Any]:
    return {"snow_depth": np.full(SHAPE, 0.2, np.float32), "quality": np.zeros(SHAPE, np.uint8)} | changed


def refusal(product: Product, values: Any) -> str:
    with pytest.raises(ProductError) as caught:
        check(product, values, SHAPE)
    return str(caught.value)


def test_what_is_promised_passes_in_the_type_that_is_stored() -> None:
    found = check(PRODUCT, returned(snow_depth=np.full(SHAPE, 0.2)), SHAPE)
    assert found["snow_depth"].dtype == np.float32
    assert found["quality"].dtype == np.uint8


def test_a_name_that_is_missing_or_unknown_is_refused() -> None:
    assert "returned quality; its record promises snow_depth, quality" in refusal(PRODUCT, {"quality": np.zeros(SHAPE)})
    assert "returned quality, snow_depth, surprise" in refusal(PRODUCT, returned(surprise=np.zeros(SHAPE)))
    assert "returned NoneType" in refusal(PRODUCT, None)


def test_another_shape_is_refused() -> None:
    assert "snow_depth has shape (3, 2); wanted (2, 3)" in refusal(PRODUCT, returned(snow_depth=np.zeros((3, 2))))


def test_values_outside_of_the_range_are_counted_with_their_extremes() -> None:
    depth = np.array([[0.1, np.nan, 1.5], [-0.2, 0.3, 1.0]], np.float32)
    assert refusal(PRODUCT, returned(snow_depth=depth)) == (
        "sample-depth: snow_depth lies outside of 0 to 1 m in 2 of 5 valid cells; it reaches from -0.2 to 1.5"
    )


def test_the_edge_of_the_range_is_within_it() -> None:
    product = china_depth(
        writes={"f": Variable(unit="1", long_name="f", valid=(0, 0.1))},
        deliveries=(),
    )
    assert check(product, {"f": np.full(SHAPE, 0.1)}, SHAPE)["f"].max() == np.float32(0.1)


def test_infinity_is_no_value() -> None:
    assert "snow_depth is infinite in 6 cells" in refusal(PRODUCT, returned(snow_depth=np.full(SHAPE, np.inf)))


def test_a_code_that_the_record_does_not_know_is_refused() -> None:
    codes = np.array([[0, 1, 7], [7, 9, 0]])
    assert "quality holds 7, 9 in 3 cells; its record knows 0, 1" in refusal(PRODUCT, returned(quality=codes))


def test_missing_classes_need_a_fill() -> None:
    codes = np.array([[0, 1, np.nan], [0, 0, 0]])
    assert "its record has no fill for flags" in refusal(PRODUCT, returned(quality=codes))
    flags = Flags(long_name="class", meanings={0: "no", 1: "yes"}, fill=255)
    filled = check(china_depth(writes={"c": flags}, deliveries=()), {"c": codes}, SHAPE)["c"]
    assert filled[0].tolist() == [0, 1, 255]
    np.testing.assert_array_equal(stored_as_floats(filled, flags), codes)


def test_whole_numbers_keep_missing_as_their_smallest() -> None:
    count = Variable(unit="1", long_name="count", valid=(0, 400), dtype="int16")
    product = china_depth(writes={"n": count}, deliveries=())
    found = check(product, {"n": np.array([[1, np.nan, 365], [0, 2, 3]])}, SHAPE)["n"]
    assert found.dtype == np.int16
    assert found[0].tolist() == [1, -32768, 365]
    assert np.isnan(stored_as_floats(found, count)[0, 1])


def test_steps_are_rounded_to_and_back() -> None:
    level = Variable(unit="K", long_name="level", valid=(50, 350), dtype="int16", step=0.02)
    product = china_depth(writes={"n": level}, deliveries=())
    values = np.array([[50.0, np.nan, 350.0], [271.33, 271.349, 99.999]], np.float32)
    found = check(product, {"n": values}, SHAPE)["n"]
    assert found.tolist() == [[2500, -32768, 17500], [13566, 13567, 5000]]
    np.testing.assert_allclose(stored_as_floats(found, level), values, atol=0.0101)
    with pytest.raises(ProductError, match=r"it reaches from 50 to 350\.02"):
        check(product, {"n": np.where(values == 350, np.float32(350.02), values)}, SHAPE)


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_the_share_of_values_that_are_there_is_told_and_classes_are_left_out(dtype: Any) -> None:
    depth = Variable(unit="m", long_name="depth", valid=(0, 100), dtype=dtype)
    product = PRODUCT.model_copy(update={"writes": {**PRODUCT.writes, "snow_depth": depth}})
    values = np.array([[1, np.nan, 3], [4, np.nan, 6]])
    assert valid_shares(product, check(product, returned(snow_depth=values), SHAPE)) == {"snow_depth": 4 / 6}
