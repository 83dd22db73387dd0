"""`icestream granules`: what has arrived, and what was quarantined."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import click

from icestream_cli.edge import NotMade
from icestream_cli.given import open_ledger, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json, print_table

ALL: Final = 1_000_000


@click.group()
def granules() -> None:
    """List granules, release quarantined ones."""


@granules.command("list")
@click.option("--collection", help="Only of this one; the products of the stream are collections too.")
@click.option("--quarantined", is_flag=True, help="Only those that are left out, with the reason.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@settings_options("ledger_url", "out")
@json_option
def list_(
    collection: str | None, quarantined: bool, limit: int, ledger_url: str | None, out: str | None, as_json: bool
) -> None:
    """List granules, the latest first."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        found = ledger.granules(collection=collection, quarantined=quarantined or None, limit=limit)
    if as_json:
        print_json([granule.model_dump(mode="json") | {"quarantine": reason} for granule, reason in found])
    else:
        print_table(
            ["granule", "collection", "start", "published", "received", "checksum", "quarantined because"],
            [
                (
                    granule.granule_id,
                    granule.collection,
                    granule.start,
                    granule.published_at,
                    granule.received_at,
                    granule.checksum[:19],
                    reason,
                )
                for granule, reason in found
            ],
        )


@granules.command()
@click.argument("granule_ids", nargs=-1, required=True, metavar="GRANULE...")
@settings_options("ledger_url", "out")
@json_option
def release(granule_ids: tuple[str, ...], ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Offer quarantined GRANULEs again, and have the slots that were given up without them looked at anew."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    from icestream_core.product import product_of
    from icestream_core.touch import touches

    with closing(open_ledger(settings)) as ledger:
        held = [
            granule for granule, _ in ledger.granules(quarantined=True, limit=ALL) if granule.granule_id in granule_ids
        ]
        released = {name: ledger.release(name) for name in granule_ids}
        products = [product_of(record) for record in ledger.records()]
        touched = {touch: None for granule in held for product in products for touch in touches(product, granule)}
        redriven = ledger.redrive(ledger.slots_touched(list(touched)))
    if as_json:
        print_json({"released": released, "redriven": redriven})
    else:
        click.echo(f"{sum(released.values())} released; {redriven} slots are looked at anew")
    if unknown := [name for name, count in released.items() if not count]:
        raise NotMade(f"not quarantined: {', '.join(unknown)}")
