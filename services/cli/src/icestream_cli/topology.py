"""`icestream topology`: exchange, queues and bindings of the stream."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from icestream_cli.given import installed, open_broker, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from icestream_runtime.topology import Topology


@click.group()
def topology() -> None:
    """Show or make exchange, queues and bindings."""


@topology.command()
@json_option
def show(as_json: bool) -> None:
    """Show what a broker must hold for the products that are installed; no broker is asked."""
    wanted = _wanted()
    if as_json:
        print_json(
            {
                "exchanges": [{"name": each.name, "type": "topic", "durable": True} for each in wanted.exchanges],
                "queues": [{"name": each.name, "arguments": dict(each.arguments)} for each in wanted.queues],
                "bindings": [
                    {"exchange": each.exchange, "queue": each.queue, "routing_key": each.routing_key}
                    for each in wanted.bindings
                ],
            }
        )
        return
    click.echo(f"exchange {', '.join(each.name for each in wanted.exchanges)}")
    print_table(
        ["queue", "arguments"],
        [(each.name, [f"{name}={value}" for name, value in each.arguments.items()]) for each in wanted.queues],
    )
    print_table(["queue", "takes"], [(each.queue, each.routing_key) for each in wanted.bindings])


@topology.command()
@settings_options("amqp_url")
@json_option
def apply(amqp_url: str | None, as_json: bool) -> None:
    """Make what is missing on the broker. What exists with other arguments is an error, and nothing is deleted."""
    settings = settings_of(amqp_url=amqp_url)
    say_logs(settings, in_a_hurry=True)
    wanted = _wanted()
    with closing(open_broker(settings)) as broker:
        broker.apply(wanted)
    if as_json:
        print_json({"queues": [each.name for each in wanted.queues], "bindings": len(wanted.bindings)})
    else:
        click.echo(f"{len(wanted.queues)} queues and {len(wanted.bindings)} bindings are there")


def _wanted() -> Topology:
    from icestream_cli.registration import topology_of

    return topology_of(list(installed(settings_of()).products.values()))
