"""`icestream watch`, `gatherer`, `worker` and `catalogue`: one service, until SIGTERM."""

from __future__ import annotations

from pathlib import Path

import click

from icestream_cli.given import chosen, complete_product, installed, say_logs, settings_of, settings_options
from icestream_runtime.process import until_signal


@click.command()
@click.argument("directories", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--notices",
    multiple=True,
    metavar="URL",
    help="FORMAT+amqps://, FORMAT+mqtts:// or s3://; may be repeated.  [ICESTREAM_NOTICES]",
)
@click.option("--backfill", is_flag=True, help="As reprocessing: it never delays new passes.")
@settings_options("amqp_url")
def watch(directories: tuple[Path, ...], notices: tuple[str, ...], backfill: bool, amqp_url: str | None) -> None:
    """Announce the files in DIRs and below, those that lie there and those that come, once they are whole.

    Names that begin with a dot or end in .tmp or .part are left alone, and so are links that lead out of the DIRs.
    Files that notices of producers name are announced too; docs/ingest.md tells how their addresses are written.
    """
    settings = settings_of(amqp_url=amqp_url, notices=notices or None)
    say_logs(settings, "watcher")
    from icestream_watcher.__main__ import run

    run(settings, directories, until_signal(), mode="reprocessing" if backfill else "forward", serve_health=True)


@click.command()
@settings_options("amqp_url", "ledger_url", "out")
def gatherer(amqp_url: str | None, ledger_url: str | None, out: str | None) -> None:
    """Record what arrives, decide what is complete, hand out tasks and announce what was made.

    It keeps everything in the ledger, so several may run. They write the dataset tree below the output root.
    """
    settings = settings_of(amqp_url=amqp_url, ledger_url=ledger_url, out=out)
    say_logs(settings, "gatherer")
    from icestream_gatherer.__main__ import run

    run(settings, until_signal(), serve_health=True)


@click.command()
@click.option("--product", "products", multiple=True, shell_complete=complete_product, help="May be repeated.")
@click.argument("more", nargs=-1, metavar="[P]...", shell_complete=complete_product)
@click.option("--concurrency", type=click.IntRange(1, 256), help="Slots made at once.  [ICESTREAM_CONCURRENCY]")
@settings_options("amqp_url", "out")
def worker(
    products: tuple[str, ...],
    more: tuple[str, ...],
    concurrency: int | None,
    amqp_url: str | None,
    out: str | None,
) -> None:
    """Make products: those named by --product, else those of ICESTREAM_PRODUCTS, else all that are installed.

    Each slot is made in a child process under the product's limits. SIGTERM finishes what is in hand.
    """
    settings = settings_of(amqp_url=amqp_url, out=out, concurrency=concurrency)
    say_logs(settings, "worker")
    wanted = chosen(installed(settings), (*products, *more) or settings.products)
    from icestream_worker.__main__ import run

    run(settings, wanted, until_signal(), serve_health=True)


@click.command()
@click.option("--host", help="Where to listen.  [ICESTREAM_CATALOGUE_HOST, 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Of API and page.  [ICESTREAM_CATALOGUE_PORT, 8080]")
@click.option("--catalogue-url", metavar="URL", help="Its own tables.  [ICESTREAM_CATALOGUE_URL]")
@click.option("--rebuild", is_flag=True, help="Forget every item first, and take all from the ledger.")
@settings_options("amqp_url", "ledger_url", "out")
def catalogue(
    host: str | None,
    port: int | None,
    catalogue_url: str | None,
    rebuild: bool,
    amqp_url: str | None,
    ledger_url: str | None,
    out: str | None,
) -> None:
    """Keep the STAC items of what was announced, and serve them by a STAC API and a page.

    What was announced before it first ran, or while it was away, it takes from the ledger, which it only reads.
    Several may run: they share one queue and one database.
    """
    settings = settings_of(
        amqp_url=amqp_url,
        ledger_url=ledger_url,
        out=out,
        catalogue_host=host,
        catalogue_port=port,
        catalogue_url=catalogue_url,
    )
    say_logs(settings, "catalogue")
    from icestream_catalogue.__main__ import run

    run(settings, until_signal(), serve_health=True, rebuild=rebuild)
