"""The two ice sheets: their grids, and the months of their winter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import EASE_NL, EASE_SL, Grid, lonlat
from icestream_physics.ease_grid import Hemisphere, brodzik_knowles_2002
from icestream_physics.sharpening import Blocks

EASE_SHAPE = EASE_NL.shape
DECEMBER, JUNE = 12, 6


@dataclass(frozen=True)
class IceSheet:
    """What sets one ice sheet apart from the other.

    fine, coarse : grids of 0.05 degree and of 25 km
    winter : first month of the three of its winter
    tiles : of cold-pass-tb that see it, the first preferred
    season_days : how far back, from the end of a day, the winter lies that the day's melt is held against
    """

    name: str
    title: str
    hemisphere: Hemisphere
    fine: Grid
    coarse: Grid
    winter: int
    tiles: str
    season_days: float


# A day looks back to the winter that it belongs to and no farther: from 1 December to the last winter's end on
# 1 March are 275 days; from 1 June to 1 September, 273. Over a 29 February they are 274, as from 2 June in other years,
# when the next winter has begun already: of the two days it is 31 May of a leap year that finds its winter too far off.
GREENLAND = IceSheet(
    name="greenland",
    title="Greenland",
    hemisphere="north",
    fine=lonlat("greenland-005", -75.0, 84.0, 0.05, 1300, 500),
    coarse=EASE_NL.window("ease-nl-greenland", 227, 365, 131, 132),
    winter=DECEMBER,
    tiles="nl eq25 eq10",
    season_days=275.5,
)
ANTARCTICA = IceSheet(
    name="antarctica",
    title="Antarctica",
    hemisphere="south",
    fine=lonlat("antarctica-005", -180.0, -60.0, 0.05, 7200, 600),
    coarse=EASE_SL.window("ease-sl-antarctica", 227, 227, 267, 267),
    winter=JUNE,
    tiles="sl eq25 eq10",
    season_days=274.0,
)
"""The extents are designed: 59 to 84 N, 75 to 10 W, and 60 to 90 S. The dataset does not state them."""


NARES_STRAIT = (
    (59.0, 75.0, 75.5, 78.9, 79.5, 80.3, 81.0, 81.5, 82.0, 82.5, 84.0),
    (-58.0, -62.0, -74.0, -74.0, -70.0, -68.3, -64.3, -62.5, -61.0, -61.0, -61.0),
)
"""Latitude and longitude of a line, degrees, west of which ice is Canada's. Drawn by hand."""
ICELAND = (67.5, -27.0)
"""South of the one and east of the other, degrees, ice is Iceland's."""


def belongs(sheet: IceSheet, longitude: NDArray[np.floating], latitude: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which places, given in degrees, would be the ice sheet's if there were ice."""
    if sheet is ANTARCTICA:
        return np.ones(longitude.shape, bool)
    south, east = ICELAND
    of_iceland = (latitude < south) & (longitude > east)
    return np.asarray((longitude > np.interp(latitude, *NARES_STRAIT)) & ~of_iceland)


def blocks_of(
    sheet: IceSheet, longitude: NDArray[np.floating], latitude: NDArray[np.floating], cells: NDArray[np.intp]
) -> Blocks:
    """Return chosen cells of a geographic grid, and the 25 km cells that they lie in.

    longitude : of the grid's columns, degrees; latitude : of its rows
    cells : flat indices
    """
    # Sines of a row and a column, not of four million places.
    column, row = brodzik_knowles_2002(longitude[None, :], latitude[:, None], sheet.hemisphere)
    weight = np.cos(np.radians(np.asarray(latitude, np.float64)))[cells // longitude.size]
    return Blocks(column.ravel()[cells], row.ravel()[cells], weight, EASE_SHAPE)
