"""`icestream ledger`: the tables of the ledger."""

from __future__ import annotations

import click

from icestream_cli.given import say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json


@click.group()
def ledger() -> None:
    """Bring the ledger's tables up to date."""


@ledger.command()
@settings_options("ledger_url", "out")
@json_option
def migrate(ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Make the ledger's tables, or bring them up to date. Several may do it at once; to do it again does no harm."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    from icestream_runtime.ledger import open_ledger

    open_ledger(settings.ledger_url.get_secret_value(), migrate=True).close()
    if as_json:
        print_json({"ledger": str(settings.ledger_url)})
    else:
        click.echo(f"{settings.ledger_url} is up to date")
