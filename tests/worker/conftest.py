"""The third party's plugin on the path of the tests and of the children that they start."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from icestream_runtime.storage import Storage


@pytest.fixture(autouse=True)
def tally(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin `tally`, installed as a third party's is."""
    monkeypatch.syspath_prepend(root / "tests" / "parts" / "tally")
    importlib.invalidate_caches()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    """A storage that at the end holds no staging: whatever happened, it was cleaned up."""
    storage = Storage(tmp_path / "out")
    yield storage
    assert list((tmp_path / "out" / "staging").glob("*")) == []
