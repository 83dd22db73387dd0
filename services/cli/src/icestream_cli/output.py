"""What commands print: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

WIDE: Final = 200
"""Columns where standard output is no terminal: nothing is cut off in a file."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(content: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(content, indent=2, default=_plain, ensure_ascii=False))


def print_line(content: object) -> None:
    """Print one JSON object on a line, at once."""
    click.echo(json.dumps(content, default=_plain, ensure_ascii=False))
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people; a value that is None is left out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        # The first column names the row: in a narrow terminal it is the last to suffer.
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_words(value) for value in row))
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False).print(table)


def note(text: str) -> None:
    """Say something to people, beside the answer."""
    click.echo(text, err=True)


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case float():
            return f"{value:.3g}"
        case list() | tuple():
            return ", ".join(_words(each) for each in value)
        case _:
            return str(value)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Path():
            return str(value)
        case bytes():
            return value.hex()
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not printed as JSON")
