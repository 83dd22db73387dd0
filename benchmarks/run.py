"""All benchmarks in one run, with what is wanted beside what is measured.

    .venv/bin/python benchmarks/run.py [--quick] [--granules DIR]

Each figure is a ratio to a floor measured in the same run, or an absolute one that is stated as a limit.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import backfill
import beside
import burst
import ledger
import product
import scaling
import stream

import catalogue


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer granules: an impression, not a figure to keep")
    parser.add_argument("--granules", type=Path, metavar="DIR", help="a directory of real granules, for a real day")
    given = parser.parse_args()
    quick = given.quick

    console = Console()
    console.print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table = Table("what", "measured", "wanted", "", title="icestream benchmarks")

    def row(what: str, measured: str, wanted: str, met: bool) -> None:
        table.add_row(what, measured, wanted, "[green]met[/]" if met else "[red]missed[/]")

    flow = _said(console, "the stream with a product that does nothing", lambda: stream.run(500 if quick else 3000))
    row("bare pika loop", f"{flow['floor_per_s']:.0f} messages/s", "the floor", True)
    row(
        "RabbitMQ + PostgreSQL",
        f"{flow['stream_per_s']:.0f} granules/s, {flow['ratio']:.2f}x",
        "0.2x",
        flow["ratio"] >= 0.2,
    )
    for name, title in (("stream", "RabbitMQ + PostgreSQL"), ("embedded", "memory + SQLite, one process")):
        p50, p99 = flow[f"{name}_p50_ms"], flow[f"{name}_p99_ms"]
        row(f"{title}, idle: granule to announcement", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", "p50 15 ms", p50 <= 15)
    row("memory + SQLite, one process", f"{flow['embedded_per_s']:.0f} granules/s", "-", True)

    for name, day in _said(console, "each product of a day", lambda: product.run(granules=given.granules)).items():
        took = f"{1000 * day.product_s:.0f} ms, floor {1000 * day.floor_s:.0f} ms: {day.ratio:.2f}x"
        row(f"{name} beside reading and writing", took, "2x", day.ratio <= 2)
    year = _said(console, "daily global grids by backfill", lambda: backfill.run(8 if quick else 30))
    rate = f"{year['granules_per_s']:.1f} granules/s, {year['slots_per_s']:.2f} grids/s"
    row("snow-depth-global by backfill, two children", rate, "-", True)
    row("a year of daily global grids", f"{year['year_minutes']:.0f} minutes", "-", True)

    scale = _said(console, "two workers against one", lambda: scaling.run(12 if quick else 40))
    rates = f"{scale['one_worker_per_s']:.2f}/s, {scale['two_workers_per_s']:.2f}/s: {scale['ratio']:.2f}x"
    row("cold-pass-tb, one and two workers", rates, "1.7x", scale["ratio"] >= 1.7)
    row("worker with one child, idle", f"{flow['idle_worker_mb']:.0f} MB", "200 MB", flow["idle_worker_mb"] <= 200)
    row("worker with one child, busy on real work", f"{scale['busy_mb']:.0f} MB", "600 MB", scale["busy_mb"] <= 600)

    new = _said(console, "new passes beside a backfill", lambda: beside.run(*((60, 12) if quick else (365, 60))))
    p95s = f"p95 {new['alone_p95_ms']:.0f} ms, {new['beside_p95_ms']:.0f} ms: {new['p95_ratio']:.2f}x"
    row("cold-pass-tb alone and beside a backfill of itself", p95s, "1.5x", new["p95_ratio"] <= 1.5)
    for case in burst.CASES:
        many = _said(
            console, f"a burst against a slow {case}", lambda case=case: burst.run(2000 if quick else 20_000, case)
        )
        whole = many["slots"] == many["granules"] and not many["refused"]
        weights = ", ".join(
            f"{name} {many[f'{name}_mb']:.0f} to {many[f'{name}_most_mb']:.0f} MB" for name in burst.SERVICES
        )
        row(
            f"a burst of {many['granules']:.0f} against a slow {case}",
            f"{many['slots']:.0f} made; {weights}",
            "all",
            whole,
        )

    looks = _said(console, "the ledger", lambda: ledger.run(300_000 if quick else 1_000_000))
    for database, figures in looks.items():
        for name, value in figures.items():
            if name.endswith("p50 ms"):
                row(f"ledger on {database}: {name.removesuffix(', p50 ms')}", f"p50 {value:.2f} ms", "5 ms", value <= 5)
            else:
                row(f"ledger on {database}: {name}", f"{value:,.2f}", "-", True)
    found = _said(console, "the catalogue", lambda: catalogue.run(20_000 if quick else 100_000))
    for database, figures in found.items():
        for name, value in figures.items():
            if name.endswith("p95 ms"):
                target = "100 ms" if database == "postgresql" else "-"
                row(
                    f"catalogue on {database}: {name.removesuffix(', p95 ms')}",
                    f"p95 {value:.1f} ms",
                    target,
                    target == "-" or value <= 100,
                )
    console.print(table)
    return 0


def _said(console: Console, what: str, work: Callable[[], Any]) -> Any:
    with console.status(what):
        return work()


if __name__ == "__main__":
    sys.exit(main())
