"""`icestream register`: the products of this installation are made known to the stream."""

from __future__ import annotations

from contextlib import closing

import click

from icestream_cli.edge import NotMade
from icestream_cli.given import (
    chosen,
    complete_product,
    installed,
    open_broker,
    say_logs,
    settings_of,
    settings_options,
    waits_for_broker,
)
from icestream_cli.output import json_option, print_json


@click.command()
@click.argument("products", nargs=-1, metavar="[PRODUCT]...", shell_complete=complete_product)
@waits_for_broker(30.0)
@settings_options("amqp_url")
@json_option
def register(products: tuple[str, ...], timeout: float, amqp_url: str | None, as_json: bool) -> None:
    """Send the records of PRODUCTs, all that are installed where none is named, to the gatherers.

    They keep them in the ledger and make their queues. To register again does no harm; an older version than the one
    known is left aside.
    """
    settings = settings_of(amqp_url=amqp_url)
    say_logs(settings)
    wanted = chosen(installed(settings), products)
    from icestream_runtime.registration import send_records

    with closing(open_broker(settings)) as broker:
        unwanted = send_records(broker, wanted, timeout)
    if unwanted:
        raise NotMade("no queue takes records; run: icestream topology apply")
    if as_json:
        print_json([{"name": product.name, "version": product.version} for product in wanted])
    else:
        click.echo(f"registered {', '.join(f'{product.name} {product.version}' for product in wanted)}")
