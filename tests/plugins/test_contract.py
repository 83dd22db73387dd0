"""The contract of products, kept by every product that is installed, on granules simulated in their real formats."""

from __future__ import annotations

from datetime import date

import pytest

from icestream_core.plugins import load
from icestream_generation.product_contract import Case, ProductContract
from plugins.stream import RECIPES, Stream

PLUGINS = load()


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return Stream(tmp_path_factory.mktemp("stream"), PLUGINS, date(2014, 2, 4))


@pytest.mark.xdist_group("contract of products")
@pytest.mark.parametrize("name", sorted(PLUGINS.products))
class TestEveryInstalledProduct(ProductContract):
    @pytest.fixture
    def case(self, stream: Stream, name: str) -> Case:
        assert name in RECIPES, f"product {name} is installed and no recipe in stream.py says what to make it of"
        return stream.case(name)


def test_every_recipe_is_of_an_installed_product() -> None:
    assert RECIPES.keys() <= PLUGINS.products.keys()


def test_no_recipe_lacks_what_its_product_cannot_be_made_without() -> None:
    for name, recipe in RECIPES.items():
        inputs = PLUGINS.products[name].inputs
        assert {entry for entry, given in inputs.items() if not given.optional} <= recipe.keys() <= inputs.keys()
