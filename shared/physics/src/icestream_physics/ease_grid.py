"""The azimuthal EASE-Grids of 25 km in closed form: which cell a place lies in, without a projection library."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant

FloatArray = NDArray[np.float64]
Hemisphere = Literal["north", "south"]

EARTH_RADIUS = constant(
    6_371_228.0, "m", source="Brodzik & Knowles 2002: the sphere of EASE-Grid version 1", certainty="verified"
)
CELL = constant(
    25_067.525, "m", source="NSIDC's mapx: 200.5402 km a map unit, eight cells a unit", certainty="verified"
)
ORIGIN = constant(360.0, "1", source="NSIDC's mapx, Nl.gpd: column and row of the pole", certainty="verified")


def brodzik_knowles_2002(
    longitude: ArrayLike, latitude: ArrayLike, hemisphere: Hemisphere
) -> tuple[FloatArray, FloatArray]:
    """Return column and row on the azimuthal EASE-Grid, version 1, 25 km; whole numbers are cell centres.

    longitude, latitude : degrees
    hemisphere : whose grid it is: Nl or Sl, 721 x 721 cells
    Source: Brodzik & Knowles 2002, EASE-Grid: a versatile set of equal-area projections and grids.
    """
    lon, lat = np.radians(np.asarray(longitude, np.float64)), np.radians(np.asarray(latitude, np.float64))
    north = hemisphere == "north"
    from_pole = np.pi / 4 - lat / 2 if north else np.pi / 4 + lat / 2
    radius = 2.0 * EARTH_RADIUS / CELL * np.sin(from_pole)
    return ORIGIN + radius * np.sin(lon), ORIGIN + radius * np.cos(lon) * (1.0 if north else -1.0)
