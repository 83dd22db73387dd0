"""Grids as data: a coordinate reference system, a size and an affine transform. No arrays."""

from __future__ import annotations

import math
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

EASE_CELL_M = 25_067.525
"""Cell of the 25 km EASE-Grid, version 1, m (NSIDC mapx definition: 200.5402 km per map unit, 8 cells a unit)."""

MODIS_TILE_M = 1_111_950.5196666666
"""Width of a tile of the MODIS sinusoidal grid, m (sphere of radius 6,371,007.181 m, 36 tiles round)."""

MODIS_CRS = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"


class Grid(BaseModel):
    """A raster lattice.

    crs : anything pyproj reads: "EPSG:4326", a PROJ string
    transform : affine (a, b, c, d, e, f): x = a col + b row + c, y = d col + e row + f, of the upper left corner
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    crs: str
    width: int = Field(gt=0, le=100_000)
    height: int = Field(gt=0, le=100_000)
    transform: tuple[float, float, float, float, float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def is_geographic(self) -> bool:
        return self.crs.upper() in ("EPSG:4326", "OGC:CRS84")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edges in the grid's own coordinates."""
        a, _, c, _, e, f = self.transform
        xs, ys = sorted((c, c + a * self.width)), sorted((f, f + e * self.height))
        return xs[0], ys[0], xs[1], ys[1]

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell, both positive, in the grid's units."""
        return abs(self.transform[0]), abs(self.transform[4])

    def window(self, name: str, col: int, row: int, width: int, height: int) -> Self:
        """Return the part of this grid that begins at (row, col); raises ValueError where it reaches outside."""
        if min(col, row) < 0 or col + width > self.width or row + height > self.height:
            raise ValueError(
                f"window {width}x{height} at row {row}, column {col} reaches outside {self.name} {self.shape}"
            )
        a, b, c, d, e, f = self.transform
        origin = (a, b, c + a * col + b * row, d, e, f + d * col + e * row)
        return self.model_copy(update={"name": name, "width": width, "height": height, "transform": origin})

    def cut(self, name: str, west: float, south: float, east: float, north: float) -> Self:
        """Return the cells whose centres lie within a box in the grid's own coordinates; ValueError where none do."""
        a, _, c, _, e, f = self.transform
        first_col, last_col = math.ceil((west - c) / a - 0.5), math.floor((east - c) / a - 0.5)
        first_row, last_row = math.ceil((north - f) / e - 0.5), math.floor((south - f) / e - 0.5)
        col, row = max(first_col, 0), max(first_row, 0)
        width, height = min(last_col, self.width - 1) - col + 1, min(last_row, self.height - 1) - row + 1
        if width <= 0 or height <= 0:
            raise ValueError(f"no cell centre of {self.name} lies within {west}..{east}, {south}..{north}")
        return self.window(name, col, row, width, height)


def lonlat(name: str, west: float, north: float, step: float, width: int, height: int) -> Grid:
    """Return a geographic grid by its upper left corner and its step, degrees."""
    return Grid(name=name, crs="EPSG:4326", width=width, height=height, transform=(step, 0.0, west, 0.0, -step, north))


def _ease(name: str, crs: str, width: int, height: int) -> Grid:
    half_width, half_height = EASE_CELL_M * width / 2, EASE_CELL_M * height / 2
    transform = (EASE_CELL_M, 0.0, -half_width, 0.0, -EASE_CELL_M, half_height)
    return Grid(name=name, crs=crs, width=width, height=height, transform=transform)


EASE_ML = _ease("ease-ml", "EPSG:3410", 1383, 586)
EASE_NL = _ease("ease-nl", "EPSG:3408", 721, 721)
EASE_SL = _ease("ease-sl", "EPSG:3409", 721, 721)
"""EASE-Grid version 1 at 25 km: cylindrical equal-area global, and azimuthal equal-area north and south."""

CHINA_025 = lonlat("china-025", 59.875, 55.125, 0.25, 321, 161)
"""Cell centres from 60 to 140 E and 15 to 55 N: the grid of the long-term snow depth of China."""

TIBET_005 = lonlat("tibet-005", 72.875, 40.125, 0.05, 645, 285)
"""About 73 to 105 E, 26 to 40 N at 0.05 degree; 5 x 5 cells make one of CHINA_025.

Designed: the source dataset does not state its extent."""


def ease_ml_box(name: str, west: float, south: float, east: float, north: float) -> Grid:
    """Return the cells of EASE_ML whose centres lie within a box in degrees."""
    radius, standard = 6_371_228.0, math.cos(math.radians(30.0))
    xs = [radius * math.radians(longitude) * standard for longitude in (west, east)]
    ys = [radius * math.sin(math.radians(latitude)) / standard for latitude in (south, north)]
    return EASE_ML.cut(name, xs[0], ys[0], xs[1], ys[1])


def modis_tile(tile: str, cells: int) -> Grid:
    """Return the grid of a MODIS sinusoidal tile such as "h25v05".

    cells : cells along a side: 2400 at 500 m, 1200 at 1 km
    """
    horizontal, vertical = int(tile[1:3]), int(tile[4:6])
    cell = MODIS_TILE_M / cells
    west, north = (horizontal - 18) * MODIS_TILE_M, (9 - vertical) * MODIS_TILE_M
    return Grid(
        name=f"modis-{tile}-{cells}",
        crs=MODIS_CRS,
        width=cells,
        height=cells,
        transform=(cell, 0.0, west, 0.0, -cell, north),
    )
