"""ESRI ASCII grids: six header lines, or the very lines that a dataset states, then rows from north to south."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from icestream_core.delivery import Delivery
from icestream_core.errors import RecordError
from icestream_core.grid import Grid


def write_ascii_grid(path: Path, delivery: Delivery, grid: Grid, values: np.ndarray) -> None:
    """Write one variable as text."""
    if grid.transform[4] > 0:
        values = values[::-1]
    line = " ".join([delivery.number_format] * grid.width)
    lines = list(delivery.header) or header(grid, delivery.nodata)
    lines += [line % tuple(row) for row in values.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def header(grid: Grid, nodata: float) -> list[str]:
    """Return the header that follows from a grid; raises RecordError where its cells are not square."""
    width, height = grid.cell
    if not math.isclose(width, height, rel_tol=1e-9):
        raise RecordError(f"grid {grid.name} has cells of {width} x {height}; an ESRI ASCII grid has square ones")
    west, south, _, _ = grid.bounds
    return [
        f"ncols {grid.width}",
        f"nrows {grid.height}",
        f"xllcenter {_number(west + width / 2)}",
        f"yllcenter {_number(south + height / 2)}",
        f"cellsize {_number(width)}",
        f"NODATA_value {_number(nodata)}",
    ]


def _number(value: float) -> str:
    return f"{value:.10g}"
