"""Where cells are: interpolated only where a straight line is true."""

from __future__ import annotations

import numpy as np
import pytest

from icestream_core.grid import EASE_ML, EASE_NL, Grid, modis_tile
from icestream_generation import geolocation
from icestream_generation.geolocation import centres, lonlat_of, places_of

TOLERANCE = 1e-6
UTM = Grid(
    name="utm", crs="EPSG:32646", width=300, height=203, transform=(100.0, 0.0, 4e5, 0.0, -100.0, 3.9e6)
)  # fmt: skip
ACROSS_THE_DATE_LINE = Grid(
    name="fiji", crs="EPSG:32760", width=200, height=200, transform=(1000.0, 0.0, 7e5, 0.0, -1000.0, 8e6)
)  # fmt: skip


@pytest.mark.parametrize(
    "grid", [UTM, ACROSS_THE_DATE_LINE, EASE_NL, EASE_ML, modis_tile("h25v05", 1200)], ids=lambda grid: grid.name
)
@pytest.mark.parametrize("rows", [slice(0, 128), slice(100, 203), slice(0, 1)], ids=str)
def test_places_are_those_of_the_projection(grid: Grid, rows: slice) -> None:
    xs, ys = centres(grid)
    wanted = lonlat_of(grid, *np.meshgrid(xs, ys[rows]))
    for found, exact in zip(places_of(grid, rows, TOLERANCE), wanted, strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=TOLERANCE)


def test_a_fine_grid_is_projected_at_some_of_its_cells_only(monkeypatch: pytest.MonkeyPatch) -> None:
    projected: list[int] = []

    def counting(grid: Grid, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        projected.append(x.size)
        return lonlat_of(grid, x, y)

    monkeypatch.setattr(geolocation, "lonlat_of", counting)
    lon, _ = places_of(UTM, slice(0, 128), TOLERANCE)
    assert sum(projected) < lon.size / 20
    projected.clear()
    lon, _ = places_of(EASE_NL, slice(300, 428), TOLERANCE)
    assert lon.size in projected
