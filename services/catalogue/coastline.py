"""Write the page's coastline, which the page ships: .venv/bin/python services/catalogue/coastline.py, run by hand.

It is the half-land line of the land fraction that icestream's quicklooks use, which comes from the package
global-land-mask (MIT licence), whose data are NOAA's GLOBE, in the public domain. Rings of longitude and latitude in
hundredths of a degree: the first corner, then steps.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from PIL import Image

OUT: Final = Path(__file__).parent / "src" / "icestream_catalogue" / "page" / "coast.json"
CELL: Final = 0.2
TOLERANCE: Final = 0.16
SMALLEST: Final = 0.12
"""Islands below so many square degrees are left out."""
LICENCE: Final = "Derived from global-land-mask (MIT licence), whose data are NOAA's GLOBE (public domain)."


def main() -> None:
    with (files("icestream_generation") / "land_fraction.png").open("rb") as picture:
        fraction = np.asarray(Image.open(picture)).astype(float)
    rows, cols = fraction.shape[0] // 2, fraction.shape[1] // 2
    land = fraction.reshape(rows, 2, cols, 2).mean(axis=(1, 3)) >= 127.5
    place = Affine(CELL, 0, -180, 0, -CELL, 90)
    shapes = rasterio.features.shapes(land.astype(np.uint8), mask=land, transform=place)
    rings = []
    for shape, _ in shapes:
        polygon = shapely.geometry.shape(shape)
        large = [ring for ring in (polygon.exterior, *polygon.interiors) if shapely.Polygon(ring).area >= SMALLEST]
        rings += [_steps(np.array(_rounded(ring.simplify(TOLERANCE)).coords)) for ring in large]
    rings.sort(key=len, reverse=True)
    OUT.write_text(json.dumps({"licence": LICENCE, "rings": rings}, separators=(",", ":")) + "\n", "utf-8")
    print(f"{len(rings)} rings, {sum(map(len, rings)) // 2} corners, {OUT.stat().st_size} bytes")


def _rounded(ring: shapely.LinearRing) -> shapely.LinearRing:
    """Cut each corner once (Chaikin): a coast has no steps. The edges of the map stay where they are."""
    xy = np.array(ring.coords)[:-1]
    following = np.roll(xy, -1, axis=0)
    on_edge = (np.abs(np.abs(xy[:, 0]) - 180) < 1e-9) | (np.abs(xy[:, 1]) > 89.99)
    corners: list[np.ndarray] = []
    for here, there, fixed, next_fixed in zip(xy, following, on_edge, np.roll(on_edge, -1), strict=True):
        corners.append(here if fixed else 0.75 * here + 0.25 * there)
        if not next_fixed:
            corners.append(0.25 * here + 0.75 * there)
    return shapely.LinearRing(np.array(corners)).simplify(0.04)


def _steps(xy: np.ndarray) -> list[int]:
    hundredths = np.round(xy * 100).astype(int)
    steps = np.diff(hundredths, axis=0, prepend=[[0, 0]])
    return [int(value) for value in steps.ravel()]


if __name__ == "__main__":
    main()
