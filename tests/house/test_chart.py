"""What the chart says of products, settings and the broker is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def generator() -> ModuleType:
    """Return helm/generate.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "helm" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILES: dict[Path, str] = generator().files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_chart_says_what_the_code_says(path: Path) -> None:
    """Fails after a new product, setting or queue: `make chart` writes the files anew."""
    assert path.read_text("utf-8") == FILES[path], f"{path.relative_to(ROOT)} is behind: run `make chart` and commit it"
