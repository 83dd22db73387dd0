"""`icestream ledger`: the tables of the ledger, and what it still knows when a broker has lost everything."""

from __future__ import annotations

from contextlib import closing

import click

from icestream_cli.given import open_broker, open_ledger, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json


@click.group()
def ledger() -> None:
    """Bring the ledger's tables up to date, or a broker that lost its queues."""


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


@ledger.command()
@settings_options("amqp_url", "ledger_url", "out")
@json_option
def republish(amqp_url: str | None, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Fill a broker that lost its queues: make them anew, and have what was in them published again.

    These are the tasks of slots that are tasked, and announcements that other products never heard; gatherers publish
    them within seconds. Granules that nobody had recorded are announced again by watchers when they start. On a broker
    that lost nothing it does no harm but that some work is done twice: the results are the same.
    """
    settings = settings_of(amqp_url=amqp_url, ledger_url=ledger_url, out=out)
    say_logs(settings)
    from icestream_cli.registration import topology_of
    from icestream_core.product import product_of

    with closing(open_ledger(settings)) as known:
        products = [product_of(record) for record in known.records()]
        with closing(open_broker(settings)) as broker:
            broker.apply(topology_of(products))
        made = {product.name for product in products}
        read = {name for product in products for name in product.collections_read}
        count = known.republish(sorted(read & made))
    if as_json:
        print_json({"republished": count})
    else:
        click.echo(f"{count} tasks and announcements are published again")
