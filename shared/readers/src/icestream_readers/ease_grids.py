"""The grids of EASE-Grid version 1 by the codes that file names use.

Brodzik and Knowles 2002; origins as NSIDC's mapx defines them (Ml.gpd, Nl.gpd, Mh.gpd, Nh.gpd and their siblings).
"""

from __future__ import annotations

from collections.abc import Mapping

from icestream_core.grid import EASE_CELL_M, EASE_ML, EASE_NL, EASE_SL, Grid

_HALF_CELL_M = EASE_CELL_M / 2


def _fine(name: str, coarse: Grid, width: int, height: int, col: float, row: float) -> Grid:
    """Return a grid of 12.5 km whose projection origin is the centre of the cell (row, col), counted from nought."""
    west, north = -(col + 0.5) * _HALF_CELL_M, (row + 0.5) * _HALF_CELL_M
    transform = (_HALF_CELL_M, 0.0, west, 0.0, -_HALF_CELL_M, north)
    return Grid(name=name, crs=coarse.crs, width=width, height=height, transform=transform)


# Centred on the bore sight of the 25 km cells and not nested in them; the global one is not symmetric about Greenwich.
EASE_MH = _fine("ease-mh", EASE_ML, 2766, 1171, 1382.0, 585.0)
EASE_NH = _fine("ease-nh", EASE_NL, 1441, 1441, 720.0, 720.0)
EASE_SH = _fine("ease-sh", EASE_SL, 1441, 1441, 720.0, 720.0)

EASE_GRIDS: Mapping[str, Grid] = {
    "ml": EASE_ML,
    "nl": EASE_NL,
    "sl": EASE_SL,
    "mh": EASE_MH,
    "nh": EASE_NH,
    "sh": EASE_SH,
}

EASE_FOOTPRINTS: Mapping[str, tuple[float, float, float, float]] = {
    "m": (-180.0, -86.72, 180.0, 86.72),
    "n": (-180.0, 0.0, 180.0, 90.0),
    "s": (-180.0, -90.0, 180.0, 0.0),
}
"""West, south, east, north in degrees by the first letter of the grid: global to 86.72 degrees, and the hemispheres."""
