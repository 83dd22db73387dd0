"""What the command line gives to the settings, and what the settings open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from icestream_cli.edge import Given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icestream_core.plugins import Plugins
    from icestream_core.product import Product
    from icestream_runtime.broker import Broker
    from icestream_runtime.ledger import Ledger
    from icestream_runtime.settings import Settings

OPTIONS: Final = {
    "out": click.option("--out", metavar="DIR", help="Root of the output: store, datasets, ledger.  [ICESTREAM_OUT]"),
    "ledger_url": click.option("--ledger-url", metavar="URL", help="The ledger.  [ICESTREAM_LEDGER_URL]"),
    "amqp_url": click.option("--amqp-url", metavar="URL", help="The broker.  [ICESTREAM_AMQP_URL]"),
}


def settings_options(*names: Literal["out", "ledger_url", "amqp_url"]) -> Callable[[Any], Any]:
    """Return a decorator that adds these options; each goes before its environment variable."""

    def add(command: Any) -> Any:
        for name in reversed(names):
            command = OPTIONS[name](command)
        return command

    return add


def waits_for_broker(seconds: float) -> Callable[[Any], Any]:
    """Return a decorator that adds --timeout, with so many seconds where it is not given."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=seconds,
        show_default=True,
        help="Seconds to wait for the broker.",
    )


def settings_of(**given: Any) -> Settings:
    """Return the settings; what is None was not given. Raises SettingsError."""
    from icestream_runtime.settings import load

    return load(**given)


def say_logs(settings: Settings, service: str = "", *, in_a_hurry: bool = False) -> None:
    """Send logs to standard error: all of them for a service, warnings only for a command that answers and ends.

    in_a_hurry : errors only; the command waits seconds for its servers, and then says itself what is away
    """
    from icestream_runtime import logs

    debug = click.get_current_context().find_object(Given)
    quiet = ("error" if in_a_hurry else "warning") if settings.log_level == "info" else settings.log_level
    level = "debug" if debug is not None and debug.debug else settings.log_level if service else quiet
    logs.configure(service or "icestream", settings.log_format, level)


def installed(settings: Settings) -> Plugins:
    """Return the plugins that the settings choose."""
    from icestream_core.plugins import load

    return load(settings.plugins, options=settings.options)


def chosen(plugins: Plugins, names: Sequence[str]) -> list[Product]:
    """Return the products of these names, all where none is named; raises UsageError for an unknown one."""
    return [product_named(plugins, name) for name in names] if names else list(plugins.products.values())


def product_named(plugins: Plugins, name: str) -> Product:
    """Return a product; raises UsageError that lists those there are."""
    if name not in plugins.products:
        there = ", ".join(sorted(plugins.products)) or "none"
        raise click.UsageError(f"no product {name!r} is installed; there are {there}")
    return plugins.products[name]


def open_broker(settings: Settings) -> Broker:
    """Return the broker that the settings name; raises SettingsError where they name none."""
    from icestream_runtime.rabbitmq import open_rabbitmq

    return open_rabbitmq(settings, "cli")


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger that the settings name; raises LedgerError where it is away or not migrated."""
    from icestream_runtime.ledger import open_ledger as open_at

    return open_at(settings.ledger_url.get_secret_value())


def complete_product(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the installed products that a word in the shell may become."""
    return [name for name in sorted(installed(settings_of()).products) if name.startswith(incomplete)]
