"""`icestream backfill`: a time of the past is made, out of the way of new passes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from icestream_cli.backfill_stac import StacSearch
from icestream_cli.edge import NotMade
from icestream_cli.given import installed, open_broker, open_ledger, say_logs, settings_of, settings_options
from icestream_cli.make import progress_bar
from icestream_cli.output import json_option, note, print_json
from icestream_core.errors import GranuleError

if TYPE_CHECKING:
    from icestream_cli.backfill_scope import Scope
    from icestream_core.granule import Asset, Granule
    from icestream_core.slot import Slot
    from icestream_runtime.broker import Broker
    from icestream_runtime.ledger.contract import Asked, Ledger
    from icestream_runtime.settings import Settings

ALL: Final = 10_000_000
DAY: Final = click.DateTime(["%Y-%m-%d"])
Thing = TypeVar("Thing")
STANDSTILL_SECONDS: Final = 60.0
ASKED_AT_ONCE: Final = 1000
PIECE: Final = timedelta(days=30)
BREATH_SECONDS: Final = 0.5
"""Between two looks at how much is under way."""


@click.command()
@click.argument("product")
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, required=True, help="The last day, included.")
@click.option("--tile", "tiles", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--files",
    "archive",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="An archive: its granules are announced. Without it, slots are made of what the ledger knows.",
)
@click.option("--stac", metavar="URL", help="A STAC API that is searched: the granules that it finds are announced.")
@click.option("--collection", metavar="NAME", help="Of the STAC API, to search in.")
@click.option("--bbox", nargs=4, type=float, metavar="W S E N", help="Of the search, degrees; everywhere without it.")
@click.option("--again", is_flag=True, help="Make again what an older version of the product made.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True, help="A second.")
@click.option("--ahead", type=click.IntRange(1), default=200, show_default=True, help="How many may be under way.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@settings_options("amqp_url", "ledger_url", "out")
@json_option
def backfill(
    product: str,
    first: datetime,
    last: datetime,
    tiles: tuple[str, ...],
    archive: Path | None,
    stac: str | None,
    collection: str | None,
    bbox: tuple[float, float, float, float] | None,
    again: bool,
    rate: float,
    ahead: int,
    dry_run: bool,
    amqp_url: str | None,
    ledger_url: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Make the slots of PRODUCT from one day to another, by queues that yield to new passes all down the chain.

    What was made is left alone. It may be stopped at any time: given again, it goes on where it was, and makes nothing
    twice. With --files or --stac, granules of an archive are announced, and the products that PRODUCT is made of are
    made too. Exit code 1 where a slot that was asked for is dead in the end.
    """
    if again and (archive or stac):
        raise click.UsageError("--again makes anew what was made of granules that are known; an archive brings others")
    if archive and stac:
        raise click.UsageError("give --files or --stac, one after the other")
    if bool(stac) != bool(collection) or (bbox and not stac):
        raise click.UsageError("a search takes --stac URL and --collection NAME; --bbox belongs to it")
    if last < first:
        raise click.UsageError(f"--to {last:%Y-%m-%d} lies before --from {first:%Y-%m-%d}")
    settings = settings_of(amqp_url=amqp_url, ledger_url=ledger_url, out=out)
    say_logs(settings)
    _let_others_go_first()
    unreadable: list[Path] = []
    with closing(open_ledger(settings)) as ledger:
        scope = _scope(ledger, product, first, last, tiles)
        if archive is not None:
            found = list(_archived(settings, scope, archive))
            publish = partial(_publish, unreadable)
            said = _announce(settings, ledger, scope, found, publish, rate, ahead, dry_run=dry_run)
        elif stac is not None and collection is not None:
            with ExitStack() as ending:
                search = StacSearch(settings, scope, stac, collection, bbox)
                found, publisher = search.granules(), search.publisher(ending)
                said = _announce(settings, ledger, scope, found, publisher, rate, ahead, dry_run=dry_run)
        else:
            asked: Asked = "again" if again else "backfill"
            said = _ask(ledger, scope, asked, rate, ahead, dry_run=dry_run)
    if as_json:
        print_json(said)
    else:
        click.echo(", ".join(f"{count} {word.replace('_', ' ')}" for word, count in said.items()))
    if unreadable:
        raise GranuleError(f"{len(unreadable)} files cannot be read; mend them, and give it again")
    if said.get("dead"):
        raise NotMade(f"{said['dead']} slots are dead: icestream slots list --product {product} --state dead")


def _let_others_go_first() -> None:
    """Have whatever else runs on this machine get the processor before this process: it may make new passes."""
    from icestream_runtime.turns import NICENESS

    os.nice(NICENESS)


def _scope(ledger: Ledger, name: str, first: datetime, last: datetime, tiles: tuple[str, ...]) -> Scope:
    from icestream_cli.backfill_scope import Scope
    from icestream_core.product import product_of

    products = {each.name: each for each in map(product_of, ledger.records())}
    if name not in products:
        raise click.UsageError(f"{name} is not registered; run: icestream register {name}")
    start, end = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC) + timedelta(days=1)
    return Scope(products[name], products, start, end, tiles)


def _ask(ledger: Ledger, scope: Scope, asked: Asked, rate: float, ahead: int, *, dry_run: bool) -> dict[str, int]:
    """Ask for slots, no faster than they are answered; return what became of them."""
    slots, kept = _outdated(ledger, scope) if asked == "again" else _unopened(ledger, scope)
    if dry_run:
        return {"slots_would_be_asked_for": len(slots), "stay_as_they_are": kept}
    name = scope.product.name
    standstill = Standstill(name)
    with progress_bar() as progress:

        def under_way(given: int) -> int:
            waiting = ledger.under_way(name)
            progress(name, max(0, given - waiting), len(slots))
            standstill.look(given, waiting)
            return waiting

        taken = 0
        for batch in _paced(slots, rate, ahead, under_way):
            taken += ledger.ask(batch, asked)
        while under_way(len(slots)):
            time.sleep(BREATH_SECONDS)
    wanted = {each.key for each in slots}
    dead = sum(row.slot.key in wanted for row in ledger.slots(product=name, state="dead", limit=ALL))
    return {"slots_were_asked_for": taken, "stay_as_they_are": kept, "dead": dead}


def _unopened(ledger: Ledger, scope: Scope) -> tuple[list[Slot], int]:
    """Return the slots that granules of the ledger could open and did not, and how many they did."""
    slots: dict[str, Slot] = {}
    margin = timedelta(days=400)  # a period that begins before the first day may hold it
    end = scope.end + margin
    for collection in scope.product.collections_read:
        start = scope.start - margin
        while start < end:
            # A piece at a time: all granules of a long time are too much to hold.
            piece = start, min(start + PIECE, end)
            for granule, _ in ledger.granules(collection=collection, quarantined=False, between=piece, limit=ALL):
                slots |= {slot.key: slot for slot in scope.opened_by(granule)}
            start += PIECE
    ordered = [slot for _, slot in sorted(slots.items())]
    opened = {key for some in _batches(ordered) for key in ledger.opened(some)}
    wanted = [slot for slot in ordered if slot.key not in opened]
    return wanted, len(slots) - len(wanted)


def _outdated(ledger: Ledger, scope: Scope) -> tuple[list[Slot], int]:
    """Return the slots that an older version made, and how many this one did."""
    from icestream_runtime.ledger.intake import version_of

    newest = version_of(scope.product.version)
    made = [
        each
        for each in ledger.versions(scope.product.name, (scope.start, scope.end))
        if scope.holds(each.slot.interval, each.slot.tile)
    ]
    wanted = [
        each.slot
        for each in made
        if version_of(each.version) < newest and each.state in ("made", "void") and not each.asked
    ]
    return sorted(wanted, key=lambda slot: slot.key), len(made) - len(wanted)


def _announce(
    settings: Settings,
    ledger: Ledger,
    scope: Scope,
    found: Sequence[Granule],
    publish: Callable[[Broker, Sequence[Granule]], int],
    rate: float,
    ahead: int,
    *,
    dry_run: bool,
) -> dict[str, int]:
    """Announce granules that were found, no faster than they are taken; return how many.

    publish : takes checksums, where they are not told, and publishes; returns how many were taken
    """
    new = [each for some in _batches(found) for each in _unknown(ledger, some)]
    if dry_run:
        return {"granules_would_be_announced": len(new), "are_known": len(found) - len(new)}
    with closing(open_broker(settings)) as broker, progress_bar() as progress:
        queues, standstill = _queues(scope), Standstill(scope.product.name)

        def under_way(given: int) -> int:
            progress(scope.product.name, given, len(new))
            waiting = sum(broker.depth(queue).ready for queue in queues)
            standstill.look(given, waiting)
            return waiting

        taken = sum(publish(broker, batch) for batch in _paced(new, rate, ahead, under_way))
    return {"granules_were_announced": taken, "are_known": len(found) - len(new), "were_not_taken": len(new) - taken}


def _unknown(ledger: Ledger, found: Sequence[Granule]) -> list[Granule]:
    """Return those granules whose files have not been recorded."""
    known = {
        (granule.granule_id, asset.href): asset.size
        for granule, _ in ledger.granules(named=[each.granule_id for each in found], limit=ALL)
        for asset in granule.assets
    }
    return [each for each in found if not _is_known(each.granule_id, each.assets[0], known)]


def _batches(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """Give things, so many at once as the ledger is asked about."""
    for first in range(0, len(things), ASKED_AT_ONCE):
        yield things[first : first + ASKED_AT_ONCE]


def _is_known(granule_id: str, asset: Asset, known: Mapping[tuple[str, str], int]) -> bool:
    """Whether a file has been recorded; of another size it is another. A search may tell none."""
    size = known.get((granule_id, asset.href))
    return size is not None and asset.size in (0, size)


def _archived(settings: Settings, scope: Scope, archive: Path) -> Iterator[Granule]:
    """Give the granules of an archive that concern the scope. Their checksums are not taken yet."""
    from icestream_core.collection import recognise
    from icestream_watcher.announce import granule_of
    from icestream_watcher.files import state_of, walk

    def unreadable(error: OSError) -> None:
        raise click.UsageError(f"{error.filename} cannot be read: {error.strerror}") from error

    collections = [each for name, each in installed(settings).collections.items() if name in scope.collections]
    for path in walk(archive, unreadable):
        recognised, state = recognise(path.name, collections), state_of(path)
        if recognised is None or state is None or not state.size:
            continue
        granule = granule_of(path, *recognised, state, "sha256:0", "reprocessing")
        if scope.concerns(granule):
            yield granule


def _publish(unreadable: list[Path], broker: Broker, granules: Sequence[Granule]) -> int:
    """Take the checksums of granules and publish them; return how many were taken.

    unreadable : takes the files that cannot be read: no single one of them ends the others
    """
    from icestream_runtime.storage.checksum import digest
    from icestream_watcher.announce import ALGORITHM, message_of

    messages = []
    for granule in granules:
        path = Path(granule.assets[0].href)
        try:
            checksum = f"{ALGORITHM}:{digest(path, ALGORITHM)}"
        except OSError as error:
            note(f"{path} cannot be read: {error.strerror}")
            unreadable.append(path)
            continue
        asset = granule.assets[0].model_copy(update={"checksum": checksum})
        messages.append(message_of(granule.model_copy(update={"checksum": checksum, "assets": (asset,)})))
    return len(messages) - len(broker.publish(messages))


def _queues(scope: Scope) -> list[str]:
    from icestream_core import naming

    return [naming.INTAKE, *(naming.make_queue(product.name, "reprocessing") for product in scope.chain)]


class Standstill:
    """Says, once each time, that nothing has been answered for a while."""

    def __init__(self, product: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._product, self._monotonic = product, monotonic
        self._seen, self._since, self._said = (0, 0), monotonic(), False

    def look(self, given: int, waiting: int) -> None:
        """Look at how many were given out, and how many of them are under way."""
        if (given, waiting) != self._seen or not waiting:
            self._seen, self._since, self._said = (given, waiting), self._monotonic(), False
        elif not self._said and self._monotonic() - self._since >= STANDSTILL_SECONDS:
            self._said = True
            note(
                f"nothing was answered for {STANDSTILL_SECONDS:g} s, and {waiting} are under way: `icestream status` "
                f"tells who works, `icestream slots list --product {self._product}` what is waited for. It may be "
                "stopped, and given again"
            )


def _paced(
    things: Sequence[Thing], rate: float, ahead: int, under_way: Callable[[int], int]
) -> Iterator[Sequence[Thing]]:
    """Give things in batches, `rate` a second, and none while `ahead` are under way."""
    given, credit, then = 0, 1.0, time.monotonic()
    while given < len(things):
        now = time.monotonic()
        credit, then = min(credit + (now - then) * rate, max(1.0, rate)), now
        count = min(int(credit), ahead - under_way(given))
        if count > 0:
            yield things[given : given + count]
            given, credit = given + count, credit - count
        if given < len(things):
            time.sleep(min(BREATH_SECONDS, 1 / rate))
