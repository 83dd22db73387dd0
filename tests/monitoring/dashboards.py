"""The dashboards of the chart, and what their panels ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "helm" / "icestream" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
VARIABLES = {"$__rate_interval": "1m", "$product": ".*"}
"""What Grafana fills in, as a reader has it who has chosen everything."""


class Shown(NamedTuple):
    """One expression of a panel."""

    board: str
    panel: str
    expression: str
    legend: str

    @property
    def asked(self) -> str:
        """The expression with its variables filled in."""
        return filled(self.expression)


def filled(expression: str, **instead: str) -> str:
    for name, value in (VARIABLES | {f"${key}": value for key, value in instead.items()}).items():
        expression = expression.replace(name, value)
    return re.sub(r"\$\{?\w+", lambda unknown: _raise(unknown[0]), expression)


def board(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def panels(path: Path) -> list[dict[str, Any]]:
    """Return the panels, those of rows among them, rows left out."""
    found = board(path)["panels"]
    return [each for panel in found for each in (panel, *panel.get("panels", [])) if each["type"] != "row"]


def shown() -> list[Shown]:
    return [
        Shown(path.stem, panel["title"], target["expr"], target.get("legendFormat", ""))
        for path in FILES
        for panel in panels(path)
        for target in panel["targets"]
    ]


def _raise(name: str) -> str:
    raise AssertionError(f"nobody fills in {name}")
