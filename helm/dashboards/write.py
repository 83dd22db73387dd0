"""Write the dashboards of the chart: `make dashboards`. They have no other source, and a test holds them to it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from broker import broker
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from items import items
from product import product
from stream import stream

HERE: Final = Path(__file__).parents[1] / "icestream" / "dashboards"
BOARDS: Final[dict[str, Callable[[], Dashboard]]] = {
    "stream": stream,
    "product": product,
    "broker": broker,
    "catalogue": items,
}


def text(name: str) -> str:
    """Return a dashboard as Grafana reads it."""
    built = BOARDS[name]().build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number
    return str(JSONEncoder(sort_keys=True, indent=2).encode(built)) + "\n"


def main() -> int:
    HERE.mkdir(parents=True, exist_ok=True)
    for name in BOARDS:
        (HERE / f"{name}.json").write_text(text(name), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
