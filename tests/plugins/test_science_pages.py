from __future__ import annotations

from pathlib import Path

import pytest

from icestream_core.plugins import load
from plugins.science_pages import NUMBERS, PAGES, generated, renewed

PRODUCTS = load().products
HEADINGS = ("## Formula", "## Limits", "## How it was checked", "## What is designed")
LONGEST = 150
"""Lines of a product's file."""


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_a_product_has_a_page_that_agrees_with_its_record_and_its_numbers(name: str) -> None:
    path = PAGES / f"{name}.md"
    assert path.exists(), f"docs/science/{name}.md is missing"
    page = path.read_text("utf-8")
    assert page == renewed(page, generated(name, PRODUCTS[name])), "run: python tests/plugins/science_pages.py"
    assert page.startswith(f"# {name}\n")
    for heading in HEADINGS:
        assert f"\n{heading}\n" in page, f"{heading} is missing"


def test_the_index_lists_every_page_once() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    pages = sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README")
    assert pages == sorted(PRODUCTS)
    for name in pages:
        assert index.count(f"]({name}.md)") == 1


def test_every_number_listed_is_there() -> None:
    assert NUMBERS.keys() <= PRODUCTS.keys()
    for name in NUMBERS:
        table = generated(name, PRODUCTS[name])["numbers"]
        assert len(table.splitlines()) > 3


def test_a_file_of_a_family_is_short(root: Path) -> None:
    long = {
        path.name: lines
        for path in root.glob("plugins/*/src/*/*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) >= LONGEST
    }
    assert long == {}
