"""The map part of a quicklook: which cell each pixel shows, where it is on Earth, coast and graticule over it."""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from PIL import Image

from icestream_core.grid import Grid
from icestream_generation.geolocation import lonlat_of, xy_of
from icestream_generation.library import open_library

WIDTH, HEIGHT = 880, 620
"""The most that a map takes, pixels."""

LAND = "land_fraction.png"
"""Land fraction on 0.1 degree, 0 to 255, derived from global-land-mask by `python -m icestream_generation.canvas`."""

NODES = 12
"""Pixels between two places that are projected exactly; between them they are interpolated."""

STEPS = (0.5, 1, 2, 5, 10, 20, 30)


class Canvas(NamedTuple):
    """A map's pixels.

    rows, cols : of the grid, for each line and column of pixels
    land : whether a pixel is land; coast, graticule : whether a line runs through it
    along, across : labels of latitudes on the left edge and longitudes on the lower one, with their pixel
    """

    rows: np.ndarray
    cols: np.ndarray
    land: np.ndarray
    outside: np.ndarray
    coast: np.ndarray
    graticule: np.ndarray
    along: tuple[tuple[int, str], ...]
    across: tuple[tuple[int, str], ...]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.cols)


@lru_cache(maxsize=8)
def canvas_of(grid: Grid) -> Canvas:
    """Return the map of a grid, fitted into its place on the page. The same grid is worked out once."""
    width, height = _size(grid)
    cols = (np.arange(width) * grid.width) // width
    rows = (np.arange(height) * grid.height) // height
    if grid.transform[4] > 0:
        rows = rows[::-1].copy()
    lon, lat = _places(grid, width, height)
    outside = ~np.isfinite(lon)
    share = _land_share(np.where(outside, 0.0, lon), np.where(outside, 0.0, lat))
    land = (share >= 0.5) & ~outside
    step = _step(lon, lat)
    across, along = np.floor(lon / step), np.floor(lat / step)
    graticule = (_edges(across) | _edges(along)) & ~outside
    if not grid.is_geographic:
        graticule &= np.abs(lat) < 90 - step / 2
    return Canvas(
        rows,
        cols,
        land,
        outside,
        _edges(land.astype(np.float32)) & ~outside,
        graticule,
        _labels(along[:, 0], lat[:, 0], step, "NS"),
        _labels(across[-1], lon[-1], step, "EW"),
    )


def _size(grid: Grid) -> tuple[int, int]:
    west, south, east, north = grid.bounds
    across, along = east - west, north - south
    if grid.is_geographic:
        across *= max(math.cos(math.radians((south + north) / 2)), 0.3)
    scale = min(WIDTH / across, HEIGHT / along)
    return max(round(across * scale), 80), max(round(along * scale), 80)


def _places(grid: Grid, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and latitude of every pixel; NaN outside of the projection."""
    west, south, east, north = grid.bounds
    x = west + (np.arange(width) + 0.5) * (east - west) / width
    y = north - (np.arange(height) + 0.5) * (north - south) / height
    if grid.is_geographic:
        lon, lat = np.meshgrid(((x + 180) % 360) - 180, y)
        return lon.astype(np.float32), lat.astype(np.float32)
    across, along = -(-width // NODES) + 1, -(-height // NODES) + 1
    lon, lat = lonlat_of(grid, *np.meshgrid(np.linspace(x[0], x[-1], across), np.linspace(y[0], y[-1], along)))
    # Unit vectors are interpolated, not angles: nothing jumps at the antimeridian or at a pole.
    there = np.stack([np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
                      np.cos(np.radians(lat)) * np.sin(np.radians(lon)), np.sin(np.radians(lat))])  # fmt: skip
    ex, ey, ez = (_stretched(part, height, width) for part in there)
    return np.degrees(np.arctan2(ey, ex)), np.degrees(np.arctan2(ez, np.hypot(ex, ey)))


def _stretched(part: np.ndarray, height: int, width: int) -> np.ndarray:
    along, across = np.linspace(0, part.shape[0] - 1, height), np.linspace(0, part.shape[1] - 1, width)
    row, col = np.minimum(along.astype(int), part.shape[0] - 2), np.minimum(across.astype(int), part.shape[1] - 2)
    down, right = (along - row)[:, None].astype(np.float32), (across - col)[None, :].astype(np.float32)
    part = part.astype(np.float32)
    upper = part[row][:, col] * (1 - right) + part[row][:, col + 1] * right
    lower = part[row + 1][:, col] * (1 - right) + part[row + 1][:, col + 1] * right
    result: np.ndarray = upper * (1 - down) + lower * down
    return result


def _land_share(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    share = _land()
    x, y = (lon + 180.0) * 10 - 0.5, (90.0 - lat) * 10 - 0.5
    col, row = np.floor(x).astype(np.int32), np.clip(np.floor(y).astype(np.int32), 0, 1798)
    right, down = (x - col).astype(np.float32), np.clip(y - row, 0, 1).astype(np.float32)
    here, there = col % 3600, (col + 1) % 3600
    upper = share[row, here] * (1 - right) + share[row, there] * right
    lower = share[row + 1, here] * (1 - right) + share[row + 1, there] * right
    result: np.ndarray = (upper * (1 - down) + lower * down) / 255
    return result


@lru_cache(maxsize=1)
def _land() -> np.ndarray:
    with files("icestream_generation").joinpath(LAND).open("rb") as file:
        return np.asarray(Image.open(file))


def _step(lon: np.ndarray, lat: np.ndarray) -> float:
    span = max(np.nanmax(lat) - np.nanmin(lat), (np.nanmax(lon) - np.nanmin(lon)) / 3)
    return next((step for step in STEPS if span / step <= 7), STEPS[-1])


def _edges(classes: np.ndarray) -> np.ndarray:
    found = np.zeros(classes.shape, bool)
    found[:, 1:] |= classes[:, 1:] != classes[:, :-1]
    found[1:] |= classes[1:] != classes[:-1]
    return found


def _labels(classes: np.ndarray, degrees: np.ndarray, step: float, signs: str) -> tuple[tuple[int, str], ...]:
    found = []
    for place in np.flatnonzero(classes[1:] != classes[:-1]) + 1:
        if not np.isfinite(degrees[place - 1 : place + 1]).all() or abs(degrees[place] - degrees[place - 1]) > step:
            continue
        value = round(float(max(classes[place], classes[place - 1]) * step), 6)
        sign = signs[0] if value > 0 else signs[1] if value < 0 else ""
        found.append((int(place), f"{abs(value):g}°{sign}"))
    return tuple(found)


def frame_of(lon: np.ndarray, lat: np.ndarray) -> Grid:
    """Return a geographic grid around places, for maps of what is no raster."""
    west, east, south, north = (float(value) for value in (lon.min(), lon.max(), lat.min(), lat.max()))
    margin = max((east - west) * 0.08, (north - south) * 0.08, 0.5)
    west, east, south, north = west - margin, east + margin, max(south - margin, -90), min(north + margin, 90)
    step = max(east - west, north - south) / 400
    size = (max(round((east - west) / step), 1), max(round((north - south) / step), 1))
    transform = (step, 0.0, west, 0.0, -step, north)
    return Grid(name="frame", crs="EPSG:4326", width=size[0], height=size[1], transform=transform)


def pixels_of(grid: Grid, canvas: Canvas, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Return column and row of the pixels where places lie, (n, 2)."""
    west, south, east, north = grid.bounds
    x, y = xy_of(grid, lon, lat)
    height, width = canvas.shape
    return np.stack([(x - west) / (east - west) * width, (north - y) / (north - south) * height], -1)


def write_land(path: str) -> None:
    """Write the land fraction that this package ships."""
    fraction = open_library("library-land", None).data["land_fraction"].values
    levels = (np.round(fraction * 15) * 17).astype(np.uint8)
    Image.fromarray(levels).save(path, optimize=True)


if __name__ == "__main__":
    write_land(str(files("icestream_generation").joinpath(LAND)))
