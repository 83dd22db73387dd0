"""What came of the demo: products with their latency and files, quicklooks, and scores against the truth."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from icestream_cli.output import print_table
from icestream_core.hookspecs import hookimpl
from icestream_core.outcome import Outcome
from icestream_core.plugins import Plugins
from icestream_core.slot import Slot
from icestream_runtime.ledger.contract import SlotRow
from icestream_runtime.metrics import ARRIVAL
from icestream_simulator.score import Score, score
from icestream_simulator.truth import Truth

QUICKLOOKS: Final = "quicklooks"


class Listener:
    """Keeps the last outcome of every slot, and how long it took from the last granule's arrival."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.latencies: dict[str, float] = {}

    @hookimpl
    def product_made(self, slot: Slot, outcome: Outcome) -> None:
        self.outcomes[slot.key] = outcome
        if ARRIVAL in outcome.seconds:
            since_outcome = (datetime.now(UTC) - outcome.finished_at).total_seconds()
            self.latencies[slot.key] = outcome.seconds[ARRIVAL] + since_outcome

    @hookimpl
    def product_failed(self, slot: Slot, outcome: Outcome) -> None:
        self.outcomes[slot.key] = outcome


def report(
    rows: Sequence[SlotRow], listener: Listener, plugins: Plugins, out: Path, truth: Truth | None
) -> dict[str, Any]:
    """Return what was made, product by product; quicklooks are put side by side into one folder.

    truth : of simulated granules; None for real ones, whose truth nobody knows
    """
    products = [
        _product(name, [row for row in rows if row.slot.product == name], listener, plugins) for name in _order(rows)
    ]
    scores = [] if truth is None else [each for row in rows for each in _scores(row, listener, truth)]
    return {
        "products": products,
        "not_made": [
            {"slot": row.slot.key, "state": row.state, "reason": row.reason or "; ".join(row.waiting_for)}
            for row in sorted(rows, key=lambda row: row.slot.key)
            if row.state not in ("made", "void")
        ],
        "scores": [each._asdict() | {"holds": each.holds} for each in scores],
        "quicklooks": [str(path) for path in _collect_quicklooks(rows, listener, out)],
    }


def show(found: dict[str, Any], out: Path) -> None:
    """Print a report for people."""
    print_table(
        ["product", "datasets", "slots", "made", "void", "latency", "making", "files"],
        [
            (
                each["product"],
                each["datasets"],
                each["slots"],
                each["made"],
                each["void"] or None,
                _seconds(each["latency_seconds"]),
                _seconds(each["make_seconds"]),
                each["files"],
            )
            for each in found["products"]
        ],
    )  # fmt: skip
    if found["scores"]:
        click.echo("against the truth of the simulated world, the median over all slots:")
        print_table(["product", "measure", "value", "tolerance", "unit", "holds"], _summed(found["scores"]))
    for each in found["not_made"]:
        click.echo(f"{each['slot']} is {each['state']}: {each['reason']}")
    click.echo("latency: from the last granule's arrival to the announcement, the median over the slots")
    click.echo(f"quicklooks: {len(found['quicklooks'])} in {out / QUICKLOOKS}")
    click.echo(f"files as the datasets promise them: {out / 'datasets'}")


def _product(name: str, rows: Sequence[SlotRow], listener: Listener, plugins: Plugins) -> dict[str, Any]:
    product = plugins.products[name]
    outcomes = [listener.outcomes[row.slot.key] for row in rows if row.slot.key in listener.outcomes]
    made = [outcome for outcome in outcomes if outcome.manifest is not None]
    latencies = [listener.latencies[row.slot.key] for row in rows if row.slot.key in listener.latencies]
    return {
        "product": name,
        "family": product.family,
        "datasets": list(product.datasets),
        "slots": len(rows),
        "made": sum(row.state == "made" for row in rows),
        "void": sum(row.state == "void" for row in rows),
        "revisions": sum(row.revision for row in rows),
        "latency_seconds": round(statistics.median(latencies), 3) if latencies else None,
        "make_seconds": round(statistics.median(each.seconds["total"] for each in made), 3) if made else None,
        "files": sum(len(outcome.manifest.files) for outcome in made if outcome.manifest),
    }


def _order(rows: Sequence[SlotRow]) -> list[str]:
    """Return the products in the order in which their first slot was last changed: as they came about."""
    first: dict[str, datetime] = {}
    for row in rows:
        name = row.slot.product
        first[name] = min(row.updated_at, first.get(name, row.updated_at))
    return sorted(first, key=lambda name: first[name])


def _scores(row: SlotRow, listener: Listener, truth: Truth) -> list[Score]:
    outcome = listener.outcomes.get(row.slot.key)
    if outcome is None or outcome.manifest is None:
        return []
    data = [file.name for file in outcome.manifest.of_role("data") if file.name.endswith(".nc")]
    return [
        each
        for name in data
        for each in score(row.slot.product, Path(outcome.manifest.href, name), row.slot.interval, truth, row.slot.tile)
    ]


def _summed(scores: Sequence[dict[str, Any]]) -> list[list[object]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in scores:
        groups.setdefault((each["product"], each["measure"]), []).append(each)
    return [
        [
            *key,
            statistics.median(each["value"] for each in group),
            group[0]["tolerance"],
            group[0]["unit"],
            f"{sum(each['holds'] for each in group)} of {len(group)}",
        ]
        for key, group in sorted(groups.items())
    ]


def _collect_quicklooks(rows: Sequence[SlotRow], listener: Listener, out: Path) -> list[Path]:
    folder = out / QUICKLOOKS
    folder.mkdir(exist_ok=True)
    keys = sorted(row.slot.key for row in rows)
    manifests = [found.manifest for key in keys if (found := listener.outcomes.get(key)) and found.manifest]
    copies = [
        (Path(manifest.href, file.name), folder / file.name)
        for manifest in manifests
        for file in manifest.of_role("quicklook")
    ]
    for quicklook, copy in copies:
        shutil.copyfile(quicklook, copy)
    return [copy for _, copy in copies]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
