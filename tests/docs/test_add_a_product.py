"""docs/add-a-product.md is walked through as it stands, and tells the whole contract."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import pytest
import xarray as xr

from docs.pages import ROOT, Shell, section, table
from icestream_core import hookspecs
from icestream_core.inputs import LIBRARY, Input
from icestream_core.product import Product

PAGE = (ROOT / "docs" / "add-a-product.md").read_text("utf-8")
MELT = "output/datasets/degree-day-melt/2024/degree-day-melt.20240701.nc"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "environment", tmp_path / "here")


def hooks() -> dict[str, str]:
    """Return each hook's signature with the first paragraph of its docstring."""
    return {
        f"{name}({', '.join(inspect.signature(hook).parameters)})": " ".join(inspect.getdoc(hook).split())
        for name, hook in vars(hookspecs).items()
        if inspect.isfunction(hook) and hook.__module__ == hookspecs.__name__
    }


def test_a_package_of_ones_own_is_written_installed_and_makes_its_product(shell: Shell) -> None:
    typed = shell.follow(section(PAGE, "A package of your own"))
    assert [command.split()[0] for command in typed].count("icestream") >= 4
    made = shell.folder / "output" / "store" / "degree-day-melt" / "2024" / "20240702"
    assert len(list(made.glob("*/*.png"))) == len(list(made.glob("*/*.stac.json"))) == 1
    with xr.open_dataset(shell.folder / MELT) as melt:
        # 4 degrees at the tongue, 7.1 mm for each.
        assert float(melt["melt"].max()) == pytest.approx(28.4, abs=1e-4)


def test_a_file_in_a_family_of_ours_is_a_product_at_once(shell: Shell) -> None:
    family = shell.folder / "plugins" / "snow-depth"
    shutil.copytree(ROOT / "plugins" / "snow-depth", family)
    shell.run("pip install --quiet -e plugins/snow-depth")
    shell.follow(section(PAGE, "A file in a family of ours"))
    # The family's other products are still there: the page's __init__ is ours with one more name.
    listed = shell.run("icestream products")
    assert all(name in listed for name in ("snow-depth-china", "snow-depth-tibet-005", "swe-china"))


def test_the_walk_leaves_what_is_installed_as_it_was(shell: Shell) -> None:
    assert "degree-day-melt" not in shell.run("icestream products")


def test_the_page_tells_every_hook_in_its_own_words() -> None:
    told = {row[0].strip("`"): row[1] for row in table(section(PAGE, "The hooks"))}
    assert told == hooks()


def test_the_page_names_what_a_record_knows() -> None:
    text = section(PAGE, "What a record may say")
    for word in ("when_short", "revise", "stages", "at_least"):
        assert word in Input.model_fields or word in Product.model_fields
    for word in ("optional", "opens", "patience", "settle", "role", "window", "align"):
        assert word in Input.model_fields
        assert word in text
    for word in ("tiled", "variants", "kind", "time_limit", "memory_limit", "fidelity", "designed", "accuracy"):
        assert word in Product.model_fields
        assert word in text
    assert f"{LIBRARY}altitude" in text
