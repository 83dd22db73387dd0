"""`icestream slots`: what is to be made, what becomes of it, and trying again."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import click

from icestream_cli.edge import NotMade
from icestream_cli.given import complete_product, open_ledger, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from icestream_runtime.ledger.contract import Ledger, SlotRow

ALL: Final = 1_000_000
STATES: Final = ("waiting", "tasked", "made", "void", "hopeless", "dead")


@click.group()
def slots() -> None:
    """List slots, show one, have dead ones tried again."""


@slots.command("list")
@click.option("--product", shell_complete=complete_product, help="Only of this one.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--older-than", type=float, metavar="SECONDS", help="Only those that have not changed for so long.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@settings_options("ledger_url", "out")
@json_option
def list_(
    product: str | None,
    state: Any,
    older_than: float | None,
    limit: int,
    ledger_url: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """List slots, the latest changed first, with what they wait for or why they ended."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        rows = ledger.slots(product=product, state=state, older_than_seconds=older_than, limit=limit)
    if as_json:
        print_json([plain(row) for row in rows])
    else:
        print_slots(rows)


@slots.command()
@click.argument("slot")
@settings_options("ledger_url", "out")
@json_option
def show(slot: str, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Show SLOT (such as snow-depth-china.20140201): its state, and every revision with what it was made from."""
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        row = _found(ledger, slot)
        history = ledger.history(row.slot)
    if as_json:
        print_json(plain(row) | {"traceback": row.traceback, "history": history})
        return
    for name, value in plain(row).items():
        if value not in ("", [], None):
            click.echo(f"{name:>12}  {', '.join(value) if isinstance(value, list) else value}")
    if row.traceback:
        click.echo(f"\n{row.traceback}")
    for make in history:
        current = " (current)" if make["current"] else ""
        click.echo(
            f"\nrevision {make['revision']}{current}: {make['outcome']}, {make['stage']}, {make['finalised_at']}"
        )
        if make["reason"]:
            click.echo(f"  {make['reason']}")
        if make["manifest"]:
            click.echo(f"  {make['manifest']['href']}")
        for entry in make["inputs"]:
            click.echo(f"  {entry['input']}[{entry['step']:+d}] {entry['granule_id']} {entry['checksum'][:19]}")


@slots.command()
@click.argument("keys", nargs=-1, metavar="[SLOT]...")
@click.option("--product", shell_complete=complete_product, help="All slots of this one that were given up.")
@click.option("--dead", is_flag=True, help="All dead slots.")
@settings_options("ledger_url", "out")
@json_option
def redrive(
    keys: tuple[str, ...], product: str | None, dead: bool, ledger_url: str | None, out: str | None, as_json: bool
) -> None:
    """Have SLOTs tried again that are dead, hopeless or void: their attempts are forgotten, and they are due now."""
    if not (keys or product or dead):
        raise click.UsageError("name slots, or give --product or --dead")
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        rows = [_found(ledger, key) for key in keys]
        if product or dead:
            state: Any = "dead" if dead else None
            rows += ledger.slots(product=product, state=state, limit=ALL)
        chosen = {row.slot.key: row.slot for row in rows if row.state in ("dead", "hopeless", "void")}
        count = ledger.redrive(list(chosen.values()))
    if as_json:
        print_json({"redriven": count, "slots": sorted(chosen)})
    else:
        click.echo(f"{count} slots are tried again")
    if not count:
        raise NotMade("none of these slots is dead, hopeless or void")


def plain(row: SlotRow) -> dict[str, Any]:
    """Return a slot as plain data."""
    return {
        "slot": row.slot.key,
        "product": row.slot.product,
        "period": row.slot.period,
        "tile": row.slot.tile,
        "variant": row.slot.variant,
        "state": row.state,
        "revision": row.revision,
        "stage": row.made.stage if row.made else None,
        "waiting_for": list(row.waiting_for),
        "due_at": row.due_at,
        "attempts": row.attempts,
        "reason": row.reason,
        "updated_at": row.updated_at,
    }


def print_slots(rows: list[SlotRow]) -> None:
    """Print slots as a table."""
    print_table(
        ["slot", "state", "revision", "stage", "changed", "due", "attempts", "waits for, or why"],
        [
            (
                row.slot.key,
                row.state,
                row.revision or None,
                row.made.stage if row.made else None,
                row.updated_at,
                row.due_at,
                row.attempts or None,
                "; ".join(filter(None, [*row.waiting_for, row.reason])),
            )
            for row in rows
        ],
    )


def _found(ledger: Ledger, key: str) -> SlotRow:
    row = ledger.slot(key)
    if row is None:
        raise NotMade(f"there is no slot {key!r}; look at: icestream slots list")
    return row
