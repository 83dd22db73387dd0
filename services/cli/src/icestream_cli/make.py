"""`icestream make`: from files to a product, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icestream_cli.edge import NotMade
from icestream_cli.files import FILES, granules_of
from icestream_cli.given import complete_product, installed, product_named, say_logs, settings_of
from icestream_cli.output import json_option, note, print_line, print_table

if TYPE_CHECKING:
    from icestream_cli.one_shot import Made, Progress
    from icestream_core.plugins import Plugins
    from icestream_runtime.settings import Settings
    from icestream_runtime.storage import Storage
    from icestream_worker.handle import Handler


@click.command()
@click.argument("product", shell_complete=complete_product)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FILES)
@click.option("--out", required=True, metavar="DIR", help="Where the output goes: DIR/store and DIR/datasets.")
@click.option("--isolate", is_flag=True, help="Compute in child processes, under the products' limits.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, help="Slots made at once; implies --isolate.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE",
              help="An option of PRODUCT, such as rule=sigma; describe shows them. May be repeated.")  # fmt: skip
@click.option("--all", "show_all", is_flag=True, help="Show the slots of intermediate products too.")
@json_option
def make(
    product: str,
    files: tuple[Path, ...],
    out: str,
    isolate: bool,
    jobs: int,
    options: tuple[str, ...],
    show_all: bool,
    as_json: bool,
) -> None:
    """Make PRODUCT from FILEs, and the products that it is made of as needed.

    A FILE may be a directory. Neither broker nor ledger is needed or kept, and nothing is waited for: what can be made
    of the files is made. With --json one object a slot on a line. The same files give the same bytes.
    """
    settings = settings_of(out=out, concurrency=jobs)
    chosen = tuple(f"{product}.{option}" for option in options)
    settings = settings.model_copy(update={"options": (*settings.options, *chosen)})
    say_logs(settings)
    plugins = installed(settings)
    target = product_named(plugins, product)
    from icestream_cli.one_shot import OneShot, needed_for, result
    from icestream_runtime.storage import Storage

    order = needed_for(target, plugins.products)
    granules = granules_of(files, plugins, {name for product in order for name in product.collections_read})
    storage = Storage.of(settings)
    with handler_of(settings, plugins, storage, isolate=isolate or jobs > 1) as handler, progress_bar() as progress:
        run = OneShot(handler, storage, jobs, progress)
        try:
            made = run.make(order, granules)
            left_out = [f"{granule.granule_id} was left out: {reason}" for granule, reason in run.left_out()]
        finally:
            run.close()
    shown = [each for name in made for each in made[name] if show_all or name == target.name]
    if as_json:
        for each in shown:
            print_line(result(each))
    else:
        _print(shown)
    _complain(target.name, made, left_out)


@contextmanager
def handler_of(settings: Settings, plugins: Plugins, storage: Storage, *, isolate: bool) -> Iterator[Handler]:
    """Give what makes slots: in child processes under limits, or in this one."""
    import functools

    from icestream_core.plugins import load
    from icestream_runtime.metrics import Metrics
    from icestream_worker.children import InlineChildren, ProcessChildren
    from icestream_worker.handle import Handler

    children = (
        ProcessChildren(
            settings.concurrency,
            functools.partial(load, settings.plugins, options=settings.options),
            settings.recycle_after,
        )
        if isolate
        else InlineChildren(plugins)
    )
    handler = Handler(
        plugins.products, storage, children, Metrics(), "make", settings.time_limit_seconds, settings.memory_limit
    )
    try:
        yield handler
    finally:
        handler.close()
        children.close()


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show how far it is, on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def show(product: str, done: int, total: int) -> None:
            if product not in bars:
                bars[product] = shown.add_task(product, total=total)
            shown.update(bars[product], completed=done, total=total)

        yield show


def _print(made: Sequence[Made]) -> None:
    from icestream_cli.one_shot import result

    found = [result(each) for each in made]
    print_table(
        ["product", "period", "tile", "variant", "stage", "state", "seconds", "files"],
        [[*_columns(each), len([each["path"], *each["deliveries"]]) if each["path"] else 0] for each in found],
    )
    for each in found:
        for path in filter(None, [each["path"], *each["deliveries"], each["quicklook"], each["stac"]]):
            click.echo(path)


def _columns(found: dict[str, Any]) -> list[object]:
    return [found[name] for name in ("product", "period", "tile", "variant", "stage", "state", "seconds")]


def _complain(target: str, made: dict[str, list[Made]], left_out: list[str]) -> None:
    """Say of the intermediate products too why something was not made; raise where the target suffers from it."""
    ends = [
        f"{each.row.slot.key} is {each.row.state}: {why}"
        for slots in made.values()
        for each in slots
        if each.row.state != "made" and (why := _why(each))
    ]
    reasons = [*left_out, *ends]
    states = [each.row.state for each in made[target]]
    if "made" in states and "dead" not in states:
        for reason in reasons:
            note(reason)
        return
    if not states:
        reasons.append(f"nothing among the files opens a slot of {target}")
    raise NotMade(f"{target} was not made\n" + "\n".join(f"  {reason}" for reason in reasons))


def _why(made: Made) -> str:
    if made.outcome is not None and made.outcome.status != "made":
        return made.outcome.reason
    return made.row.reason or "; ".join(made.missing)
