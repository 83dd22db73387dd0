"""Write NSIDC's land-ocean-coast-ice masks on the 25 km EASE-Grids: one byte a cell, no header."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from icestream_simulator.new_file import new_file
from icestream_simulator.truth import Truth
from icestream_simulator.write_nsidc_0032 import GRIDS

LAND, PERMANENT_ICE, OFF_THE_GLOBE, OCEAN = 0, 101, 254, 255


def write_mask(truth: Truth, grid: str, out: Path) -> list[Path]:
    """Write the mask of one grid: NL, SL or ML."""
    cells = truth.on(GRIDS[grid])
    terrain = cells.places.terrain
    classes = np.where(terrain.land < 0.5, OCEAN, np.where(terrain.ice > 0.5, PERMANENT_ICE, LAND)).astype(np.uint8)
    path = out / f"{grid.capitalize()}.LOCImask_land50_coast0km.{cells.grid.width}x{cells.grid.height}.bin"
    with new_file(path) as hidden:
        hidden.write_bytes(cells.spread(classes, OFF_THE_GLOBE).tobytes())
    return [path]
