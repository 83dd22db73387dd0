"""`icestream prune`: what is no longer wanted is removed, by the ages that are given."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from icestream_cli.given import open_ledger, say_logs, settings_of, settings_options
from icestream_cli.make import progress_bar
from icestream_cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from icestream_core.slot import Slot
    from icestream_runtime.ledger.contract import Ledger
    from icestream_runtime.storage import Storage

DAY_SECONDS: Final = 86_400.0
BATCH: Final = 1000
LEAST_DAYS: Final = 1.0
"""No slot takes more than minutes, and who writes to a bucket may do so as long: what is younger may be on its way."""
AGE: Final = click.FloatRange(min=0)


@click.command()
@click.option("--revisions", type=AGE, metavar="DAYS", help="Revisions that a later one replaced so long ago.")
@click.option("--granules", type=AGE, metavar="DAYS", help="Announcements of such revisions, in the ledger.")
@click.option("--letters", type=AGE, metavar="DAYS", help="Messages that nobody could read.")
@click.option(
    "--directories",
    type=click.FloatRange(min=LEAST_DAYS),
    metavar="DAYS",
    help=f"Files of results that no revision is of, written so long ago; {LEAST_DAYS:g} at least.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this, it is only counted.")
@settings_options("ledger_url", "out")
@json_option
def prune(
    revisions: float | None,
    granules: float | None,
    letters: float | None,
    directories: float | None,
    yes: bool,
    ledger_url: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Count what is older than the ages given; with --yes, remove it. What is not named is kept for ever.

    A current revision is never removed, whatever its age, nor one that a task reads. Observations stay in the ledger:
    which of two corrections holds is told by both. Files that no revision is of are left where a worker died before it
    could say what it had written, and its slot was made of other inputs since. Cache and staging need no pruning: the
    cache keeps its bounds (ICESTREAM_CACHE_SIZE), and workers sweep what the dead left in staging.
    """
    if revisions is None and granules is None and letters is None and directories is None:
        raise click.UsageError("say what: --revisions DAYS, --granules DAYS, --letters DAYS, --directories DAYS")
    settings = settings_of(ledger_url=ledger_url, out=out)
    say_logs(settings)
    from icestream_runtime.storage import Storage

    found: dict[str, int] = {}
    unknown = 0
    storage = Storage.of(settings)
    with closing(open_ledger(settings)) as ledger:
        if revisions is not None:
            found["revisions"] = _revisions(ledger, storage, revisions * DAY_SECONDS, yes=yes)
        if granules is not None:
            found["granules"] = ledger.forget_granules(granules * DAY_SECONDS, dry_run=not yes)
        if letters is not None:
            found["letters"] = ledger.forget_letters(letters * DAY_SECONDS, dry_run=not yes)
        if directories is not None:
            found["directories"], unknown = unnamed(ledger, storage, timedelta(days=directories), yes=yes)
    if as_json:
        told = {"unknown_slots": unknown} if directories is not None else {}
        print_json({"removed" if yes else "would_be_removed": found, **told})
        return
    if unknown:
        click.echo(
            f"{unknown} directories are of slots that this ledger does not know; they are kept: is it the right one?"
        )
    print_table(["what", "removed" if yes else "would be removed, with --yes"], found.items())


def _revisions(ledger: Ledger, storage: Storage, seconds: float, *, yes: bool) -> int:
    """Remove, or count, revisions with their files."""
    from icestream_core import naming

    if not yes:
        return len(ledger.superseded(seconds, limit=10 * BATCH * BATCH))
    removed = 0
    with progress_bar() as progress:
        while old := ledger.superseded(seconds, BATCH):
            before = removed
            for each in old:
                target = naming.store_path(each.slot, each.inputs_hash)
                removed += ledger.forget_revision(each, lambda target=target: storage.remove(target))  # type: ignore[misc]
                progress("revisions", removed, before + len(old))
            if removed == before:
                break
    return removed


def unnamed(ledger: Ledger, storage: Storage, age: timedelta, *, yes: bool) -> tuple[int, int]:
    """Remove, or count, directories of results that no make in the ledger is of; and count those of unknown slots.

    A slot that the ledger does not know may be another ledger's, or of one that was restored: its files are kept.
    """
    from icestream_core import naming

    before, removed, unknown = datetime.now(UTC) - age, 0, 0
    slots: dict[str, dict[str, Slot]] = {}
    named: set[str] = set()
    for target, written_at in storage.stored():
        _, product, year, slot_name, beginning = target.split("/")
        if product not in slots:
            results = ledger.results(product)
            slots = {product: {naming.store_path(slot, ""): slot for slot in results}}
            named = {naming.store_path(slot, each) for slot, hashes in results.items() for each in hashes}
        if written_at > before or target in named:
            continue
        slot = slots[product].get(f"store/{product}/{year}/{slot_name}/")
        if slot is None:
            unknown += 1
        elif not yes:
            removed += 1
        else:
            removed += ledger.forget_directory(
                slot,
                beginning.lstrip(".").partition("-")[0],
                lambda target=target: storage.remove(target),  # type: ignore[misc]
            )
    return removed, unknown
