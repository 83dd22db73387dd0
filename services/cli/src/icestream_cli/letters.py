"""`icestream letters`: messages that nobody could read."""

from __future__ import annotations

from contextlib import closing

import click

from icestream_cli.given import open_ledger, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json, print_table


@click.group()
def letters() -> None:
    """List messages that nobody could read."""


@letters.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@settings_options("ledger_url", "out")
@json_option
def list_(limit: int, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """List the messages that were kept because they cannot be read, the latest first, each with its reason.

    With --json the body is there too, in hexadecimal.
    """
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        found = ledger.letters(limit)
    if as_json:
        print_json(found)
    else:
        print_table(
            ["received", "queue", "bytes", "reason"],
            [(each["received_at"], each["queue"], each["size"], each["reason"]) for each in found],
        )
