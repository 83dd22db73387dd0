"""`icestream demo`: the whole stream on a few granules, and what comes of it."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from icestream_cli.edge import INTERRUPTED, NotMade
from icestream_cli.given import installed, say_logs, settings_of
from icestream_cli.make import progress_bar
from icestream_cli.output import json_option, note, print_json
from icestream_cli.simulate import DAY
from icestream_runtime.process import until_signal

if TYPE_CHECKING:
    from icestream_runtime.settings import Settings

OURS: Final = ".icestream-demo"
"""Marks a directory as a demo's output: the next demo may clear it."""

QUICK: Final[dict[str, Any]] = {
    "stable_seconds": 0.3,
    "settle_seconds": 4.0,
    "tick_seconds": 0.2,
    "rescan_seconds": 5.0,
}


@click.command()
@click.option("--granules", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Real granules, instead of simulated ones.  [ICESTREAM_GRANULES]")  # fmt: skip
@click.option("--simulated", is_flag=True, help="Simulated granules, even where there are real ones.")
@click.option("--out", default="demo-output", show_default=True, metavar="DIR", help="Cleared first.")
@click.option(
    "--from", "first", type=DAY, default="2014-01-29", show_default="2014-01-29", help="Simulated: first day."
)
@click.option("--days", type=click.IntRange(1, 60), default=4, show_default=True, help="Simulated days.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulated world.")
@click.option("--timeout", type=float, default=900.0, show_default=True, help="Seconds after which it is given up.")
@json_option
def demo(
    granules: Path | None,
    simulated: bool,
    out: str,
    first: datetime,
    days: int,
    seed: int,
    timeout: float,
    as_json: bool,
) -> None:
    """Run the whole stream in this process on real or simulated granules, until everything is made.

    It needs no broker and no database. It ends in a table of the products; simulated ones are held against the truth.
    """
    settings = _settings(out)
    say_logs(settings)
    plugins = installed(settings)
    from icestream_cli.demo_report import Listener, report, show
    from icestream_cli.demo_stream import fit_simulated, simulate_days, wait_until_made
    from icestream_cli.embedded import Embedded
    from icestream_simulator.truth import Truth

    granules = None if simulated else granules or settings.granules
    truth = Truth(seed) if granules is None else None
    watched = Path(settings.out) / "granules" if granules is None else granules
    sets = Path(settings.out) / "parameters"
    _clear(Path(settings.out))
    for directory in (sets, *((watched,) if granules is None else ())):
        directory.mkdir()
    stop, listener = until_signal(), Listener()
    with ExitStack() as running, progress_bar() as progress:
        products = list(plugins.products.values())
        fitted = fit_simulated(plugins, sets, seed, progress)
        if fitted:
            note(f"parameters of {', '.join(fitted)} are learned from the simulated world: good for this demonstration")
        watch = [watched, sets]
        stream = running.enter_context(Embedded(settings, plugins, products, watch, lifecycle=[listener]))
        if truth is not None:
            note(f"simulating {days} days from {first:%Y-%m-%d} into {watched}")
            simulate_days(truth, first.date(), days, watched, progress)
        else:
            note(f"taking granules from {watched}")
        finished = wait_until_made(stream, stop, timeout, progress)
        rows = stream.ledger.slots(limit=100_000)
    if stop.is_set():
        click.get_current_context().exit(INTERRUPTED)
    found = report(rows, listener, plugins, Path(settings.out), truth)
    if as_json:
        print_json(found)
    else:
        show(found, Path(settings.out))
    lost = [each for each in found["not_made"] if each["state"] == "dead"]
    if not finished:
        raise NotMade(f"not everything was made within {timeout:g} s; what was not is listed above")
    if lost or not any(each["made"] for each in found["products"]):
        raise NotMade(f"{len(lost) or 'all'} slots failed")


def _settings(out: str) -> Settings:
    """Return settings for one process that is in a hurry, whatever broker and database are set elsewhere."""
    root = Path(out).absolute()
    ledger = f"sqlite:///{root / 'ledger.sqlite'}"
    settings = settings_of(out=str(root), ledger_url=ledger, concurrency=min(4, os.cpu_count() or 1), **QUICK)
    return settings.model_copy(update={"amqp_url": None, "metrics_port": None, "products": ()})


def _clear(out: Path) -> None:
    """Empty the output of an earlier demo; raises UsageError for a directory that is anybody else's."""
    if out.is_dir() and any(out.iterdir()):
        if not (out / OURS).exists():
            raise click.UsageError(f"{out} is not empty and not of an earlier demo; name another one with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / OURS).touch()
