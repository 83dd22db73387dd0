"""A worker as its image starts it: what the environment says of products is what it registers."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from icestream_core.product import Product
from icestream_runtime import process
from icestream_runtime.settings import Settings
from icestream_worker import __main__ as worker


def test_the_options_of_the_environment_are_in_the_records_of_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Product] = []

    def run(_settings: Settings, products: Sequence[Product], _stop: threading.Event, **_: object) -> None:
        made.extend(products)

    monkeypatch.setattr(worker, "run", run)
    monkeypatch.setattr(process, "until_signal", threading.Event)
    monkeypatch.setattr(process.logs, "configure", lambda *_: None)
    monkeypatch.setenv("ICESTREAM_PLUGINS", "surface-melt")
    monkeypatch.setenv("ICESTREAM_PRODUCTS", "surface-melt-greenland")
    monkeypatch.setenv("ICESTREAM_OPTIONS", "surface-melt-greenland.rule=sigma")
    assert worker.main() == 0
    assert [product.options["rule"] for product in made] == ["sigma"]
