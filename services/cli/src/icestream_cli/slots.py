"""`icestream slots`: what is to be made, what becomes of it, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import click

from icestream_cli.edge import NotMade
from icestream_cli.given import complete_product, open_ledger, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from icestream_core.slot import SlotState
    from icestream_runtime.ledger.contract import Ledger, SlotRow

ALL: Final = 1_000_000
STATES: Final = ("waiting", "tasked", "made", "void", "hopeless", "dead", "parked")
GIVEN_UP: Final = ("dead", "parked", "hopeless", "void")


@click.group()
def slots() -> None:
    """List slots, show one, have dead ones tried again, put them aside or forget them."""


@slots.command("list")
@click.option("--product", shell_complete=complete_product, help="Only of this one.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--reason", help="Only those whose reason holds this text.")
@click.option("--older-than", type=float, metavar="SECONDS", help="Only those that have not changed for so long.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@settings_options("ledger_url", "out")
@json_option
def list_(
    product: str | None,
    state: Any,
    reason: str | None,
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
        rows = ledger.slots(
            product=product, state=state, reason=reason or "", older_than_seconds=older_than, limit=limit
        )
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


def _choosing(command: Any) -> Any:
    """Add the ways in which slots that were given up are chosen."""
    for option in (
        click.argument("keys", nargs=-1, metavar="[SLOT]..."),
        click.option("--product", shell_complete=complete_product, help="All of this one that were given up."),
        click.option("--dead", is_flag=True, help="All dead slots."),
        click.option("--parked", is_flag=True, help="All that were put aside."),
        click.option("--reason", default="", help="Of these, only those whose reason holds this text."),
        click.option("--older-than", type=float, metavar="SECONDS", help="Of these, only those so long unchanged."),
    ):
        command = option(command)
    return command


def _refuse_none(choice: Mapping[str, Any]) -> None:
    """Raise UsageError where nothing is chosen, before anything is opened."""
    if not (choice["keys"] or choice["product"] or choice["dead"] or choice["parked"]):
        raise click.UsageError("name slots, or give --product, --dead or --parked")


@slots.command()
@_choosing
@settings_options("ledger_url", "out")
@json_option
def redrive(ledger_url: str | None, out: str | None, as_json: bool, **choice: Any) -> None:
    """Have SLOTs tried again that are dead, parked, hopeless or void: their attempts are forgotten, they are due now.

    What was put aside is tried again only by name or with --parked. A product's void slots are tried again too, and
    there may be many: --product with --dead leaves them alone.
    """
    _refuse_none(choice)
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        chosen = _chosen(ledger, GIVEN_UP, **choice)
        count = ledger.redrive([row.slot for row in chosen])
    _told("redriven", "are tried again", count, chosen, as_json=as_json)
    if not count:
        raise NotMade("none of these slots is dead, parked, hopeless or void")


@slots.command()
@_choosing
@settings_options("ledger_url", "out")
@json_option
def park(ledger_url: str | None, out: str | None, as_json: bool, **choice: Any) -> None:
    """Put dead SLOTs aside: reason and traceback are kept, nobody is alarmed, and no redrive of all takes them."""
    _refuse_none(choice)
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        chosen = _chosen(ledger, ("dead",), **choice)
        count = ledger.park([row.slot for row in chosen])
    _told("parked", "are put aside", count, chosen, as_json=as_json)
    if not count:
        raise NotMade("none of these slots is dead")


@slots.command()
@_choosing
@click.option("--yes", is_flag=True, help="Do it. Without this, they are only listed.")
@settings_options("ledger_url", "out")
@json_option
def drop(yes: bool, ledger_url: str | None, out: str | None, as_json: bool, **choice: Any) -> None:
    """Forget SLOTs that are dead, parked or hopeless and were never made; a granule of theirs opens them again.

    One that has a revision stays: what it has made is announced and shown. Put it aside instead.
    """
    _refuse_none(choice)
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    with closing(open_ledger(settings)) as ledger:
        chosen = [row for row in _chosen(ledger, ("dead", "parked", "hopeless"), **choice) if not row.revision]
        if not yes:
            _would(chosen, as_json=as_json)
            return
        count = ledger.drop_slots([row.slot for row in chosen])
    _told("dropped", "are forgotten", count, chosen, as_json=as_json)


def _would(rows: list[SlotRow], *, as_json: bool) -> None:
    if as_json:
        print_json({"would_be_dropped": [row.slot.key for row in rows]})
        return
    print_slots(rows)
    click.echo(f"{len(rows)} slots would be forgotten; with --yes they are")


def _chosen(
    ledger: Ledger,
    states: tuple[str, ...],
    keys: tuple[str, ...],
    product: str | None,
    dead: bool,
    parked: bool,
    reason: str,
    older_than: float | None,
) -> list[SlotRow]:
    """Return the slots that were named, and those of a product or a state, in the order of their keys."""
    found = {key: _found(ledger, key) for key in keys}
    if older_than is not None:
        before = ledger.clock() - timedelta(seconds=older_than)
        found = {key: row for key, row in found.items() if row.updated_at <= before}
    found = {key: row for key, row in found.items() if reason in row.reason}
    if product or dead or parked:
        wanted = [state for state, asked in (("dead", dead), ("parked", parked)) if asked]
        for state in wanted or [state for state in states if state != "parked"]:
            rows = ledger.slots(
                product=product,
                state=cast("SlotState", state),
                reason=reason,
                older_than_seconds=older_than,
                limit=ALL,
            )
            found |= {row.slot.key: row for row in rows}
    return [row for _, row in sorted(found.items()) if row.state in states]


def _told(word: str, sentence: str, count: int, chosen: list[SlotRow], *, as_json: bool) -> None:
    if as_json:
        print_json({word: count, "slots": [row.slot.key for row in chosen]})
    else:
        click.echo(f"{count} slots {sentence}")


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
