"""Plugins are loaded by their entry points, a third party's exactly as ours; one that is broken says what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.specimens import product
from icestream_core import plugins
from icestream_core.errors import PluginError
from icestream_core.hookspecs import hookimpl
from icestream_core.product import Product

Install = Callable[..., None]

SOUND = """
from icestream_core.collection import Collection
from icestream_core.grid import CHINA_025
from icestream_core.hookspecs import hookimpl
from icestream_core.inputs import Input, source
from icestream_core.period import day
from icestream_core.product import OnGrid, Product
from icestream_core.variable import Variable


@hookimpl
def icestream_products():
    return [Product(name="NAME", version="1.0.0", title="t", summary="s", family="f", fidelity="inspired-by",
                    inputs={"tb": Input(sources=(source("their-tb"),))}, period=day(), kind=OnGrid(grid=CHINA_025),
                    writes={"x": Variable(unit="m", long_name="x", valid=(0, 1))}, compute=dict)]


@hookimpl
def icestream_collections():
    return [Collection("NAME-tb", "title", "sensor", ("{name}.tb",), lambda fields: None, "m:f")]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one module and its entry point, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(distribution: str, code: str, name: str = "", module: str = "") -> None:
        module = module or distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        information = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[icestream]\n{name or distribution} = {module}\n")

    yield install
    for module in set(sys.modules) - before:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[module]


def test_our_own_plugins_load() -> None:
    loaded = plugins.load()
    assert {"cold-pass-tb", "snow-depth-china", "snow-cover-hma"} <= loaded.products.keys()
    assert {"nsidc-0032", "mod10a2"} <= loaded.collections.keys()


def test_a_third_partys_plugin_is_loaded_exactly_as_ours(install: Install) -> None:
    install("their-plugin", SOUND.replace("NAME", "theirs"))
    loaded = plugins.load()
    assert loaded.product("theirs").compute is dict
    assert "theirs-tb" in loaded.collections
    assert {"cold-pass-tb", "theirs"} <= loaded.products.keys()


def test_only_the_plugins_that_are_asked_for_are_loaded_and_the_readers(install: Install) -> None:
    install("their-plugin", SOUND.replace("NAME", "theirs"))
    install("broken-plugin", "raise RuntimeError('never imported')")
    loaded = plugins.load(only=["their-plugin"])
    assert list(loaded.products) == ["theirs"]
    assert {"theirs-tb", "nsidc-0032"} <= loaded.collections.keys()


def test_a_plugin_that_is_asked_for_and_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PluginError, match=r"no plugin snow-dept is installed; there are .*snow-depth"):
        plugins.load(only=["snow-dept"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import a_library_that_is_not_there", "ModuleNotFoundError: No module named 'a_library_that_is_not_there'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_plugin_that_fails_to_import_stops_the_start_with_its_name_and_the_real_error(
    install: Install, code: str, reason: str
) -> None:
    install("their-plugin", code)
    with pytest.raises(PluginError, match=f"'their-plugin'.*their_plugin of their-plugin.*{reason}") as raised:
        plugins.load()
    assert raised.value.__cause__ is not None


HOOK = "from icestream_core.hookspecs import hookimpl\n@hookimpl\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (HOOK + "def icestream_products(): return 1 / 0", "icestream_products raises ZeroDivisionError"),
        (HOOK + "def icestream_products(): return None", "gives None; wanted a list of Product"),
        (HOOK + "def icestream_products(): return ['depth']", "wanted a list of Product"),
        (HOOK + "def icestream_collections(): return [1]", "wanted a list of Collection"),
        (HOOK + "def icestream_product(): return []", "has a hook that does not exist"),
        (HOOK + "def icestream_products(more): return []", "cannot be registered"),
        (SOUND.replace("NAME", "cold-pass-tb"), "two plugins give a product 'cold-pass-tb'"),
        (SOUND.replace("NAME", "a").replace("compute=dict", "compute=None"), "product 'a' .* has no function"),
        (SOUND.replace("NAME-tb", "nsidc-0032").replace("NAME", "a"), "two plugins give a collection 'nsidc-0032'"),
    ],
)
def test_a_plugin_that_breaks_the_contract_stops_the_start_with_its_name(
    install: Install, code: str, reason: str
) -> None:
    install("their-plugin", code)
    with pytest.raises(PluginError, match=reason) as raised:
        plugins.load()
    assert "their-plugin" in str(raised.value) or "their_plugin" in str(raised.value)


def test_two_plugins_of_one_name_are_told_apart_by_their_distributions(install: Install) -> None:
    install("their-plugin", SOUND.replace("NAME", "theirs"), name="snow-depth")
    with pytest.raises(PluginError, match=r"two distributions give a plugin 'snow-depth'.*uninstall one"):
        plugins.load()


def test_one_module_under_two_names_is_refused(install: Install) -> None:
    install("their-plugin", SOUND.replace("NAME", "theirs"))
    install("their-other", SOUND.replace("NAME", "theirs"), module="their_plugin")
    with pytest.raises(PluginError, match="cannot be registered"):
        plugins.load()


class Mine:
    """A test's own product."""

    @hookimpl
    def icestream_products(self) -> list[Product]:
        return [product()]


def test_a_plugin_may_be_handed_over_beside_the_installed_ones() -> None:
    assert "depth" in plugins.load(extra=[Mine()]).products


def test_a_product_that_is_not_installed_is_named_with_those_that_are() -> None:
    with pytest.raises(PluginError, match=r"no product 'depht' is installed; there are .*snow-depth-china"):
        plugins.load().product("depht")


def test_a_listener_hears_of_the_lifecycle_without_any_plugin() -> None:
    heard = []

    class Listener:
        @hookimpl
        def slot_waiting(self, waiting_for: tuple[str, ...]) -> None:
            heard.append(waiting_for)

    plugins.lifecycle([Listener()]).slot_waiting(slot=None, waiting_for=("tb",), due_at=None)
    assert heard == [("tb",)]
