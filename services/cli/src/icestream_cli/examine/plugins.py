"""Plugins: whether each can be loaded, and whether what their products read can come from anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from icestream_cli.examine.finding import Finding
from icestream_cli.fitted import fitted_sets, parameters_of
from icestream_core.errors import PluginError
from icestream_core.plugins import Plugins, load, names
from icestream_runtime.settings import Settings

PART = "plugins"


def examine_plugins(settings: Settings) -> tuple[list[Finding], Plugins | None]:
    """Return what was found, and the plugins where all of them can be loaded."""
    try:
        plugins = load(settings.plugins, options=settings.options)
    except PluginError as error:
        broken = list(_broken(settings)) or [Finding(PART, "wrong", str(error), "mend it, or leave it out")]
        return broken, None
    if not plugins.products:
        return [
            Finding(PART, "look", "no product is installed", "install a family, or look at ICESTREAM_PLUGINS")
        ], plugins
    count = f"{len(plugins.products)} products and {len(plugins.collections)} collections are loaded"
    return [Finding(PART, "ok", count), *_lonely(plugins), *_unfitted(settings, plugins)], plugins


def _broken(settings: Settings) -> Iterator[Finding]:
    """Load each plugin by itself: one that fails hides the next."""
    for name in settings.plugins or names():
        try:
            load([name])
        except PluginError as error:
            advice = f"mend or uninstall it, or leave {name} out of ICESTREAM_PLUGINS"
            yield Finding(PART, "wrong", str(error), advice)


def _lonely(plugins: Plugins) -> Iterator[Finding]:
    """Tell inputs that nothing that is installed here reads or makes."""
    known = plugins.collections.keys() | plugins.products.keys()
    for product in sorted(plugins.products.values(), key=lambda product: product.name):
        for name, entry in product.inputs.items():
            sources = [source.collection for source in entry.sources if not source.is_library]
            if sources and len(sources) == len(entry.sources) and not known & set(sources):
                wait = "is made without it" if entry.optional else "is not made without it"
                found = f"{product.name} reads {' or '.join(sources)} ({name}), which no package here knows: it {wait}"
                # Another image of the stream may have it: nothing that is installed here can tell.
                yield Finding(
                    PART, "look", found, "see that another installation of the stream knows it, or install it"
                )


def _unfitted(settings: Settings, plugins: Plugins) -> Iterator[Finding]:
    products = list(plugins.products.values())
    sets = fitted_sets(settings, products)
    for product in products:
        for parameters in parameters_of(product, sets):
            if parameters["set"] is None and parameters["ledger"]:
                wait = "is made without" if parameters["optional"] else "waits"
                yield Finding(PART, "look", f"{product.name} is not fitted: it {wait}", parameters["command"])
