"""The contract that products are held to holds for the sample, and is broken by what breaks it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from generation.samples import COLLECTIONS, china_depth, f17, on_grid, stored, task
from icestream_core.delivery import geotiff
from icestream_core.grid import modis_tile
from icestream_core.product import OnLattice, Product
from icestream_core.variable import Flags
from icestream_core.window import steps
from icestream_generation.product_contract import Case, ProductContract

TILE = modis_tile("h25v05", 60)


class TestSampleDepth(ProductContract):
    @pytest.fixture
    def case(self, granules: Path) -> Case:
        product = china_depth()
        files = f17(granules, product)
        return Case(product, task(product, files), files, COLLECTIONS)


def clearest(field: xr.Dataset) -> dict[str, Any]:
    found = field["extent"].max("step")
    return {"cover": found}


class TestSampleCover(ProductContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> Case:
        product = on_grid(
            TILE,
            clearest,
            kind=OnLattice(of=("field",)),
            tiled=True,
            window=steps(-1, 1),
            writes={"cover": Flags(long_name="cover", meanings={25: "no_snow", 200: "snow"}, fill=255)},
        )
        codes = np.where(np.random.default_rng(1).random(TILE.shape) > 0.5, 200, 25).astype(np.uint8)
        files = {
            "field": [
                stored(tmp_path / f"s{step}.npz", {"extent": codes}, TILE, {"extent": "1"}, step=step, tile="h25v05")
                for step in (-1, 0)
            ]
        }
        return Case(product, task(product, files, tile="h25v05"), files, COLLECTIONS)


def broken(tmp_path: Path, compute: Any) -> Case:
    product: Product = on_grid(TILE, compute)
    files = {"field": [stored(tmp_path / "a.npz", {"tb": np.full(TILE.shape, 250.0)}, TILE)]}
    return Case(product, task(product, files), files, COLLECTIONS)


def test_a_function_that_changes_its_input_is_found(tmp_path: Path) -> None:
    def spoils(field: xr.Dataset) -> dict[str, Any]:
        field["tb"].values[0, 0] = 0
        return {"field": field["tb"]}

    with pytest.raises(AssertionError, match="input field was changed"):
        ProductContract().test_its_function_changes_none_of_its_inputs(broken(tmp_path, spoils))


def test_a_nodata_that_may_be_a_value_is_found(tmp_path: Path) -> None:
    celsius = geotiff("S1", "{period:%j}.tif", "field", unit="degC", nodata=-1)
    kelvin = celsius.model_copy(update={"name": "kelvin", "filename": "k{period:%j}.tif", "unit": "K"})
    product = on_grid(TILE, None, deliveries=(celsius, kelvin))
    case = replace(broken(tmp_path, None), product=product)
    with pytest.raises(AssertionError, match="no data that a value may be: s1: -1 degC") as caught:
        ProductContract().test_its_record_says_what_people_need_to_know(case)
    assert "kelvin" not in str(caught.value)


def test_a_function_that_remembers_is_found(tmp_path: Path) -> None:
    calls: list[int] = []

    def counts(field: xr.Dataset) -> dict[str, Any]:
        calls.append(1)
        return {"field": field["tb"] - len(calls)}

    with pytest.raises(AssertionError):
        ProductContract().test_its_function_answers_the_same_twice(broken(tmp_path, counts))


def test_a_function_that_makes_values_up_is_found(tmp_path: Path) -> None:
    def fills(field: xr.Dataset) -> dict[str, Any]:
        return {"field": field["tb"].fillna(273.15)}

    with pytest.raises(AssertionError, match="3600 values where no input has one"):
        ProductContract().test_where_nothing_was_seen_it_makes_nothing_up(broken(tmp_path, fills))


def test_a_record_without_references_is_found(tmp_path: Path) -> None:
    case = broken(tmp_path, clearest)
    case = Case(case.product.model_copy(update={"references": ()}), case.task, case.files, case.collections)
    with pytest.raises(AssertionError, match="references"):
        ProductContract().test_its_record_says_what_people_need_to_know(case)
