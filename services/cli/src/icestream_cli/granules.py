"""`icestream granules`: what has arrived, and what was quarantined: released, put aside by hand, forgotten."""

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
    """List granules; quarantine, release or drop them."""


@granules.command("list")
@click.option("--collection", help="Only of this one; the products of the stream are collections too.")
@click.option("--quarantined", is_flag=True, help="Only those that are left out, with the reason.")
@click.option("--reason", default="", help="Only those whose reason holds this text.")
@click.option("--older-than", type=float, metavar="SECONDS", help="Only those recorded so long ago.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@settings_options("ledger_url", "out")
@json_option
def list_(
    collection: str | None,
    quarantined: bool,
    reason: str,
    older_than: float | None,
    limit: int,
    ledger_url: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """List granules, the latest first."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        found = ledger.granules(
            collection=collection,
            quarantined=quarantined or bool(reason) or None,
            reason=reason,
            older_than_seconds=older_than,
            limit=limit,
        )
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
        # First, because a record that cannot be read here ends it, and then nothing is half done.
        products = [product_of(record) for record in ledger.records()]
        held = [granule for granule, _ in ledger.granules(quarantined=True, named=granule_ids, limit=ALL)]
        released = {name: ledger.release(name) for name in granule_ids}
        touched = {touch: None for granule in held for product in products for touch in touches(product, granule)}
        redriven = ledger.redrive(ledger.slots_touched(list(touched)))
    if as_json:
        print_json({"released": released, "redriven": redriven})
    else:
        click.echo(f"{sum(released.values())} released; {redriven} slots are looked at anew")
    if unknown := [name for name, count in released.items() if not count]:
        raise NotMade(f"not quarantined: {', '.join(unknown)}")


@granules.command()
@click.argument("granule_id", metavar="GRANULE")
@click.option("--checksum", default="", help="Of one of its contents; all of them where absent.")
@click.option("--reason", required=True, help="Why: it is kept, and listed.")
@settings_options("ledger_url", "out")
@json_option
def park(granule_id: str, checksum: str, reason: str, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Leave GRANULE out of every gathering from now on, as if it had been at fault. What was made of it stays."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        count = ledger.quarantine(granule_id, checksum, reason)
    if as_json:
        print_json({"quarantined": count})
    else:
        click.echo(f"{count} are left out from now on")
    if not count:
        raise NotMade(f"there is no granule {granule_id!r}; look at: icestream granules list")


@granules.command()
@click.argument("granule_ids", nargs=-1, metavar="[GRANULE]...")
@click.option("--collection", help="All quarantined ones of this one.")
@click.option("--reason", default="", help="All quarantined ones whose reason holds this text.")
@click.option("--older-than", type=float, metavar="SECONDS", help="Of these, only those recorded so long ago.")
@click.option("--yes", is_flag=True, help="Do it. Without this, they are only listed.")
@settings_options("ledger_url", "out")
@json_option
def drop(
    granule_ids: tuple[str, ...],
    collection: str | None,
    reason: str,
    older_than: float | None,
    yes: bool,
    ledger_url: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Forget quarantined GRANULEs: announced again, they are new. Their files are nobody's to remove but yours."""
    if not (granule_ids or collection or reason):
        raise click.UsageError("name granules, or give --collection or --reason")
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        held = ledger.granules(
            collection=collection,
            quarantined=True,
            named=granule_ids or None,
            reason=reason,
            older_than_seconds=older_than,
            limit=ALL,
        )
        keys = [(granule.granule_id, granule.checksum) for granule, _ in held]
        count = ledger.drop_granules(keys) if yes else len(keys)
    if as_json:
        print_json({"dropped" if yes else "would_be_dropped": [name for name, _ in keys]})
    else:
        click.echo(f"{count} granules {'are forgotten' if yes else 'would be forgotten; with --yes they are'}")
