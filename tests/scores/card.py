"""The score card: what is known to be true, what ours makes of it, and whether it is near enough (`make scores`).

    .venv/bin/python tests/scores/card.py [--product NAME] [--json]

Each family has one file beside this one with `CHECKS`: data, and a function that returns the measured value. Truth is
drawn or computed there, by physics or by hand, and never by the code that is measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the card.

    product : whose line it is
    measure : what is measured, in words
    truth : where the truth is from
    run : returns the value
    tolerance : in the unit
    holds_if : the value is at most the tolerance (its sign apart), or at least
    """

    product: str
    measure: str
    truth: str
    run: Callable[[], float]
    tolerance: float
    unit: str = "1"
    holds_if: Literal["at most", "at least"] = "at most"


class Result(NamedTuple):
    """A check with what came of it."""

    product: str
    measure: str
    truth: str
    holds_if: str
    tolerance: float
    unit: str
    value: float
    holds: bool
    seconds: float


def families() -> list[str]:
    """Return the names of the files with checks."""
    here = Path(__file__)
    return sorted(path.stem for path in here.parent.glob("*.py") if path != here and not path.stem.startswith("test_"))


def checks() -> list[Check]:
    """Return the checks of all families."""
    return [check for family in families() for check in import_module(f"scores.{family}").CHECKS]


def measured(check: Check) -> Result:
    """Run a check. What is not a number does not hold."""
    begun = time.perf_counter()
    value = float(check.run())
    seconds = time.perf_counter() - begun
    near = value >= check.tolerance if check.holds_if == "at least" else abs(value) <= check.tolerance
    return Result(
        check.product,
        check.measure,
        check.truth,
        check.holds_if,
        check.tolerance,
        check.unit,
        value,
        near and not math.isnan(value),
        round(seconds, 3),
    )


def show(results: Sequence[Result]) -> None:
    """Print the card for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table("product", "measure", "truth", "value", "wanted", "unit", "")
    for result in results:
        verdict = "[green]holds[/]" if result.holds else "[red]fails[/]"
        wanted = f"{result.holds_if} {result.tolerance:g}"
        table.add_row(result.product, result.measure, result.truth, f"{result.value:.3g}", wanted, result.unit, verdict)
    # Wide enough for a log, where no terminal says how wide it is.
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(table)
    console.print(f"{sum(result.holds for result in results)} of {len(results)} hold")


def main(words: Sequence[str] | None = None) -> int:
    """Print the card; exit code 1 where a line fails, 2 where there is none of the product."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--product", action="append", help="only of this one; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    given: Any = parser.parse_args(words)
    chosen = [check for check in checks() if not given.product or check.product in given.product]
    if not chosen:
        print(f"no checks of {', '.join(given.product or ['any product'])}", file=sys.stderr)
        return 2
    results = []
    for number, check in enumerate(chosen, start=1):
        if sys.stderr.isatty():
            print(f"\r\033[K{number}/{len(chosen)} {check.product}: {check.measure}", end="", file=sys.stderr)
        results.append(measured(check))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if given.json:
        print(json.dumps([result._asdict() for result in results], indent=1))
    else:
        show(results)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))
    sys.exit(main())
