"""`icestream fit`: the parameters of a product, learned from data, the ledger's history, or simulations."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from icestream_cli.edge import NotMade
from icestream_cli.files import FILES, granules_of
from icestream_cli.given import complete_product, installed, open_ledger, product_named, say_logs, settings_of
from icestream_cli.make import handler_of, progress_bar
from icestream_cli.output import json_option, note, print_json, print_table

if TYPE_CHECKING:
    from icestream_cli.one_shot import Progress
    from icestream_cli.training import Training
    from icestream_core.fit import Fit, Fitted
    from icestream_core.granule import Granule
    from icestream_core.plugins import Plugins
    from icestream_core.product import Product
    from icestream_runtime.settings import Settings

HELD: Final = 1_000_000


class Found(NamedTuple):
    """What one fit learns from, in words: "simulated", "data" or "ledger"; and the rows."""

    origin: str
    training: Training


@click.command()
@click.argument("product", shell_complete=complete_product)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=FILES)
@click.option("--data", is_flag=True, help="Learn from FILEs: granules as they arrive, or directories of them.")
@click.option("--ledger", is_flag=True, help="Learn from the granules that the ledger knows.")
@click.option("--simulated", is_flag=True, help="Learn from the simulated world: to try it, not for real products.")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Where the set of parameters is written; a watched directory announces it.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn while it learns or simulates.")
@click.option("--ledger-url", metavar="URL", help="The ledger.  [ICESTREAM_LEDGER_URL]")
@json_option
def fit(
    product: str,
    files: tuple[Path, ...],
    data: bool,
    ledger: bool,
    simulated: bool,
    out: Path,
    seed: int,
    ledger_url: str | None,
    as_json: bool,
) -> None:
    """Fit the parameters of PRODUCT: icestream fit PRODUCT --data FILE... --out DIR

    The set is one file, and says in itself what it was learned from, with checksums, and how well it does. It is a
    granule: put it where it is watched, or announce it. A later set supersedes an earlier one and makes nothing again
    unasked; slots that wait for their first set are made.
    """
    if data + ledger + simulated != 1 or bool(files) is not data:
        raise click.UsageError("wanted one of --data FILE..., --ledger and --simulated")
    settings = settings_of(ledger_url=ledger_url)
    say_logs(settings)
    plugins = installed(settings)
    target = product_named(plugins, product)
    if target.fit is None:
        fitted = ", ".join(sorted(name for name, each in plugins.products.items() if each.fit is not None)) or "none"
        raise click.UsageError(f"{product} has no parameters that are fitted; products that have: {fitted}")
    with progress_bar() as progress:
        if simulated:
            found = Found("simulated", simulated_rows(target, target.fit, seed, progress))
        else:
            granules = _from_ledger(settings, target.fit) if ledger else _from_files(plugins, target.fit, files)
            rows = _taken(settings, plugins, target, target.fit, granules, progress)
            found = Found("ledger" if ledger else "data", rows)
    for reason in found.training.left_out:
        note(reason)
    _require_rows(target, found)
    learned = target.fit.learn(found.training.rows, seed)
    path = write_set(plugins, target, target.fit, learned, found, out, seed)
    if as_json:
        count = _count(found)
        print_json({"product": product, "path": path, "rows": count, "score": dict(learned.score)})
        return
    print_table(["score", "value"], [(measure, f"{value:.4g}") for measure, value in learned.score.items()])
    click.echo(path)


def _count(found: Found) -> int:
    return min((len(column) for column in found.training.rows.values()), default=0)


def _require_rows(product: Product, found: Found) -> None:
    if not _count(found):
        wanted = "; ".join(
            f"{name}: {' or '.join(source.collection for source in entry.sources)}"
            for name, entry in (product.fit.inputs.items() if product.fit else ())
        )
        raise NotMade(f"{product.name} was not fitted: the data give no training rows; wanted {wanted}")


def simulated_rows(product: Product, fit: Fit, seed: int, progress: Progress) -> Training:
    """Return training rows of the simulated world; raises UsageError where those of a product are not simulated."""
    from icestream_cli.training import Training, joined
    from icestream_simulator.training import TRAINING

    if product.name not in TRAINING:
        there = ", ".join(sorted(TRAINING)) or "none"
        raise click.UsageError(f"no training rows of {product.name} are simulated; there are those of {there}")
    rows = TRAINING[product.name](seed, lambda done, total: progress("simulated training rows", done, total))
    return Training(joined(fit, [rows]), [], [])


def _from_ledger(settings: Settings, fit: Fit) -> list[Granule]:
    """Return the granules of all collections that the fit reads; products among them are there already."""
    read = sorted({source.collection for entry in fit.inputs.values() for source in entry.sources})
    with closing(open_ledger(settings)) as ledger:
        return [
            granule
            for collection in read
            for granule, _ in ledger.granules(collection=collection, quarantined=False, limit=HELD)
        ]


def _from_files(plugins: Plugins, fit: Fit, files: Sequence[Path]) -> list[Granule]:
    read = {source.collection for entry in fit.inputs.values() for source in entry.sources}
    for product in _products_read(plugins, fit):
        read |= set(product.collections_read)
    return granules_of(files, plugins, read)


def _products_read(plugins: Plugins, fit: Fit) -> list[Product]:
    """Return the products that a fit reads, and those that they are made of, in the order to make them."""
    from icestream_cli.one_shot import needed_for

    read = {source.collection for entry in fit.inputs.values() for source in entry.sources}
    order: dict[str, Product] = {}
    for name in sorted(read & plugins.products.keys()):
        order |= {product.name: product for product in needed_for(plugins.products[name], plugins.products)}
    return list(order.values())


def _taken(
    settings: Settings, plugins: Plugins, product: Product, fit: Fit, granules: list[Granule], progress: Progress
) -> Training:
    from icestream_cli.training import take_rows, training_record
    from icestream_runtime.storage import Storage

    with ExitStack() as open_until_sampled:
        root = Path(open_until_sampled.enter_context(tempfile.TemporaryDirectory(prefix="icestream-fit-")))
        storage = Storage.of(settings.model_copy(update={"out": str(root)}))
        made = {granule.collection for granule in granules} & plugins.products.keys()
        order = [] if made else _products_read(plugins, fit)
        if order:
            made_here = open_until_sampled.enter_context(_made(settings, plugins, storage, order, granules, progress))
            granules = [*granules, *made_here]
        return take_rows(
            training_record(product, fit),
            fit,
            granules,
            plugins.collections,
            storage.fetch,
            lambda done, total: progress("training slots", done, total),
        )


@contextmanager
def _made(
    settings: Settings,
    plugins: Plugins,
    storage: Any,
    order: Sequence[Product],
    granules: Sequence[Granule],
    progress: Progress,
) -> Iterator[list[Granule]]:
    """Give the announcements of the products that a fit reads, made of granules."""
    from icestream_cli.one_shot import OneShot

    with handler_of(settings, plugins, storage, isolate=False) as handler:
        shot = OneShot(handler, storage, 1, progress)
        try:
            shot.make(order, granules)
            yield shot.announced()
        finally:
            shot.close()


def _where_and_when(training: Training) -> dict[str, Any]:
    """Return the period that the rows are of, and at how many stations, where they are of such."""
    told: dict[str, Any] = {"period": training.period} if training.period else {}
    if "station" in training.rows:
        told["stations"] = len(set(training.rows["station"].tolist()))
    return told


def write_set(
    plugins: Plugins, product: Product, fit: Fit, learned: Fitted, found: Found, out: Path, seed: int
) -> Path:
    """Write what was learned, with its provenance, and return the path."""
    from icestream_core.fit import parameter_filename
    from icestream_readers import parameters_file
    from icestream_worker.compute_child import software

    (name,) = {source.collection for source in product.inputs[fit.parameters].sources}
    collection = plugins.collections[name]
    now = datetime.now(UTC)
    provenance = {
        "product": product.name,
        "version": product.version,
        "fitted_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "command": " ".join(["icestream", *sys.argv[1:]]),
        "learned_from": found.origin,
        "seed": seed,
        "rows": _count(found),
        **_where_and_when(found.training),
        "software": software(),
        "data": [f"{granule} {checksum}" for granule, checksum in found.training.granules],
    }
    out.mkdir(parents=True, exist_ok=True)
    path = out / parameter_filename(collection, now)
    write = parameters_file.write_nc if path.suffix == ".nc" else parameters_file.write_toml
    part = path.with_name(f".{path.name}.part")
    write(part, learned, collection.columns, provenance)
    part.replace(path)
    return path
