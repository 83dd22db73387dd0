"""`icestream run`: everything in one process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icestream_cli.given import chosen, complete_product, installed, say_logs, settings_of, settings_options
from icestream_runtime.process import until_signal

if TYPE_CHECKING:
    from icestream_core.granule import Mode


@click.command()
@click.option(
    "--watch",
    "directories",
    multiple=True,
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where granules land; may be repeated.",
)
@click.option(
    "--product", "products", multiple=True, shell_complete=complete_product, help="Only this; may be repeated."
)
@click.option("--backfill", is_flag=True, help="As reprocessing: it never delays new passes.")
@click.option("--concurrency", type=click.IntRange(1, 256), help="Slots made at once.  [ICESTREAM_CONCURRENCY]")
@click.option(
    "--serve", metavar="PORT", type=click.IntRange(0, 65535), help="Serve STAC API and page too; 0 takes a free port."
)
@settings_options("out", "ledger_url", "amqp_url")
def run(
    directories: tuple[Path, ...],
    products: tuple[str, ...],
    backfill: bool,
    concurrency: int | None,
    serve: int | None,
    out: str | None,
    ledger_url: str | None,
    amqp_url: str | None,
) -> None:
    """Run everything in one process: watch DIRs, and make every product that can be made of what lands there.

    Broker and ledger need no server: messages are in memory, and the ledger is a file below the output root. What was
    under way when the process ended is taken up again. `icestream status --out DIR` tells how it does.
    """
    settings = settings_of(
        out=out, ledger_url=ledger_url, amqp_url=amqp_url, concurrency=concurrency, catalogue_port=serve
    )
    say_logs(settings, "run")
    plugins = installed(settings)
    wanted = chosen(plugins, products or settings.products)
    from icestream_cli.embedded import Embedded

    stop = until_signal()
    mode: Mode = "reprocessing" if backfill else "forward"
    with Embedded(settings, plugins, wanted, directories, mode, serve=serve is not None) as stream:
        stream.wait(stop)
