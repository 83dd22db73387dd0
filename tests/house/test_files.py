"""The house rules that a machine can see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for top in ("shared", "services", "plugins") for path in (ROOT / top).glob("*/src/**/*.py"))
WRITTEN = SOURCES + sorted(
    path
    for top in ("tests", "benchmarks")
    for path in (ROOT / top).rglob("*.py")
    if path.parent != Path(__file__).parent
)
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "base", "misc", "manager"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_product(path: Path) -> bool:
    """Tell whether a family's file declares a product."""
    return path.is_relative_to(ROOT / "plugins") and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Product"
        for node in ast.walk(tree(path))
    )


def broad_excepts(path: Path) -> Iterator[int]:
    """Give the lines that catch everything and go on; to say more and raise again swallows nothing."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(each is None or ast.unparse(each) in {"Exception", "BaseException"} for each in caught):
                yield node.lineno


def environment_reads(path: Path) -> Iterator[int]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in {"environ", "getenv", "environb"})


def test_there_are_sources_to_look_at() -> None:
    assert len(SOURCES) > 50
    assert sum(map(is_product, SOURCES)) >= 4


def test_no_file_is_longer_than_400_lines() -> None:
    assert [short(path) for path in SOURCES if len(path.read_text().splitlines()) > 400] == []


def test_a_product_is_shorter_than_150_lines() -> None:
    products = filter(is_product, SOURCES)
    assert [short(path) for path in products if len(path.read_text().splitlines()) >= 150] == []


def test_a_module_is_named_for_what_it_is() -> None:
    assert [short(path) for path in WRITTEN if SAYS_NOTHING & {path.stem, path.parent.name}] == []


def test_nothing_is_left_unfinished() -> None:
    assert [short(path) for path in WRITTEN if UNFINISHED.search(path.read_text())] == []


def test_only_settings_read_the_environment() -> None:
    readers = {short(path) for path in SOURCES if any(environment_reads(path))}
    assert {path for path in readers if not path.endswith("/settings.py")} == set()


def test_only_the_worker_catches_whatever_comes_and_once() -> None:
    catches = [(short(path), line) for path in SOURCES for line in broad_excepts(path)]
    assert [path for path, _ in catches if not path.startswith("services/worker/")] == []
    assert len(catches) <= 1, catches


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)) or not path.read_text().strip()


def test_ci_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
