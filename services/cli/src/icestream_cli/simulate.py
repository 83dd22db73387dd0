"""`icestream simulate`: granules in their real formats, from the simulated world."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from icestream_cli.make import progress_bar
from icestream_cli.output import json_option, print_json

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("collection")
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, help="The last day, included; the first where absent.")
@click.option(
    "--out", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="For files."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the world.")
@click.option("--platform", help="Such as F17; the latest one in orbit on the day where absent.")
@click.option(
    "--grid",
    default="NL",
    show_default=True,
    help="Of EASE-Grid collections: NL, SL or ML; of quikscat a region: Grn or ChJ.",
)
@click.option("--tile", "tiles", multiple=True, help="Of MODIS collections, such as h25v05; may be repeated.")
@click.option("--edition", type=click.IntRange(0), default=0, help="1, 2 ...: corrected editions of the same granules.")
@json_option
def simulate(
    collection: str,
    first: datetime,
    last: datetime | None,
    out: Path,
    seed: int,
    platform: str | None,
    grid: str,
    tiles: tuple[str, ...],
    edition: int,
    as_json: bool,
) -> None:
    """Write the granules of COLLECTION for some days, in their real format, with a truth that is known.

    The same options give the same bytes.
    """
    from icestream_simulator.simulate import COLLECTIONS, TIBET_TILES
    from icestream_simulator.simulate import simulate as write

    if collection not in COLLECTIONS:
        raise click.UsageError(f"no collection {collection!r} is simulated; there are {', '.join(COLLECTIONS)}")
    out.mkdir(parents=True, exist_ok=True)
    with progress_bar() as progress:
        try:
            paths = write(
                collection,
                first.date(),
                (last or first).date(),
                out,
                seed=seed,
                platform=platform,
                grid=grid,
                tiles=tiles or TIBET_TILES,
                edition=edition,
                progress=lambda done, total, _path: progress(collection, done, total),
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        print_json({"collection": collection, "files": paths})
    else:
        click.echo(f"{len(paths)} files of {collection} in {out}")
