"""Loading plugins: every distribution with an entry point in the group `icestream`, ours and a third party's alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

import pluggy

from icestream_core import hookspecs
from icestream_core.collection import Collection
from icestream_core.errors import PluginError
from icestream_core.options import with_options
from icestream_core.product import Product

Given = TypeVar("Given", Product, Collection)


@dataclass(frozen=True, slots=True)
class Plugins:
    """What is installed."""

    manager: pluggy.PluginManager
    products: dict[str, Product]
    collections: dict[str, Collection]

    def product(self, name: str) -> Product:
        """Return a product; raises PluginError, with the near names, where there is none."""
        if name not in self.products:
            raise PluginError(
                f"no product {name!r} is installed; there are {', '.join(sorted(self.products)) or 'none'}"
            )
        return self.products[name]


def load(only: Sequence[str] = (), extra: Sequence[object] = (), options: Sequence[str] = ()) -> Plugins:
    """Load the installed plugins.

    only : names of entry points; all where empty. `readers` is always loaded
    extra : plugin objects registered beside them: lifecycle hooks, a test's products
    options : of products, instead of their records': PRODUCT.OPTION=VALUE
    Raises PluginError with the plugin's name and the real error where one does not load.
    """
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    found = _found()
    unknown = set(only) - found.keys()
    if unknown:
        raise PluginError(f"no plugin {', '.join(sorted(unknown))} is installed; there are {', '.join(sorted(found))}")
    for name, point in sorted(found.items()):
        if not only or name in only or name == "readers":
            _register(manager, _import(point), name)
    for plugin in extra:
        _register(manager, plugin)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"plugin {_name(error.plugin)} has a hook that does not exist: {error}") from error
    return Plugins(manager, with_options(_products(manager), options), _collections(manager))


def lifecycle(listeners: Sequence[object]) -> pluggy.HookRelay:
    """Return the lifecycle hooks with these listeners and no plugin loaded: a gatherer needs no family's code."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    for listener in listeners:
        manager.register(listener)
    manager.check_pending()
    return manager.hook


def names() -> list[str]:
    """Return the names of the plugins that are installed, none of which is loaded; raises PluginError as `load`."""
    return sorted(_found())


def _found() -> dict[str, EntryPoint]:
    """Return the entry points of the group by name; PluginError where two distributions claim one name."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=hookspecs.GROUP):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise PluginError(
                f"two distributions give a plugin {point.name!r}: {_origin(other)} and {_origin(point)}; uninstall one"
            )
    return found


def _origin(point: EntryPoint) -> str:
    return f"{point.value} of {point.dist.name if point.dist else 'an unknown distribution'}"


def _register(manager: pluggy.PluginManager, plugin: object, name: str | None = None) -> None:
    try:
        manager.register(plugin, name)
    except (ValueError, pluggy.PluginValidationError) as error:
        raise PluginError(f"plugin {name or _name(plugin)} cannot be registered: {error}") from error


def _name(plugin: object) -> str:
    return repr(getattr(plugin, "__name__", type(plugin).__name__))


def _import(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise PluginError(
            f"plugin {point.name!r} ({_origin(point)}) cannot be imported: "
            f"{type(error).__name__}: {error}; "
            f"mend it, uninstall it, or leave it out with ICESTREAM_PLUGINS"
        ) from error


def _products(manager: pluggy.PluginManager) -> dict[str, Product]:
    products: dict[str, Product] = {}
    for plugin, given in _given(manager, "icestream_products", Product):
        for product in given:
            if product.name in products:
                raise PluginError(f"two plugins give a product {product.name!r}; the second is {plugin!r}")
            if product.compute is None:
                raise PluginError(f"product {product.name!r} of plugin {plugin!r} has no function")
            products[product.name] = product
    return products


def _collections(manager: pluggy.PluginManager) -> dict[str, Collection]:
    collections: dict[str, Collection] = {}
    for plugin, given in _given(manager, "icestream_collections", Collection):
        for collection in given:
            if collection.name in collections:
                raise PluginError(f"two plugins give a collection {collection.name!r}; the second is {plugin!r}")
            collections[collection.name] = collection
    return collections


def _given(manager: pluggy.PluginManager, hook: str, wanted: type[Given]) -> list[tuple[str, Sequence[Given]]]:
    """Return what the plugins answer to a hook; PluginError, with the plugin's name, where that is something else."""
    answers: list[tuple[str, Sequence[Given]]] = []
    for found in getattr(manager.hook, hook).get_hookimpls():
        try:
            answer = found.function()
        except Exception as error:
            raise PluginError(f"plugin {found.plugin_name!r}: {hook} raises {type(error).__name__}: {error}") from error
        if not isinstance(answer, list | tuple) or not all(isinstance(each, wanted) for each in answer):
            raise PluginError(
                f"plugin {found.plugin_name!r}: {hook} gives {answer!r:.200}; wanted a list of {wanted.__name__}"
            )
        answers.append((found.plugin_name, answer))
    return answers
