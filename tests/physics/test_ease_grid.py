from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from icestream_core.grid import EASE_NL, EASE_SL
from icestream_physics.ease_grid import Hemisphere, brodzik_knowles_2002


@pytest.mark.parametrize(("hemisphere", "grid", "sign"), [("north", EASE_NL, 1), ("south", EASE_SL, -1)])
def test_the_closed_form_is_that_of_the_projection(hemisphere: Hemisphere, grid: object, sign: int) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-180, 180, 2000), sign * rng.uniform(1, 90, 2000)
    a, _, west, _, e, north = grid.transform  # type: ignore[attr-defined]
    x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(lon, lat)  # type: ignore[attr-defined]
    # PROJ takes latitudes on WGS84 for those on the sphere, as the grid's makers do.
    column, row = brodzik_knowles_2002(lon, lat, hemisphere)
    np.testing.assert_allclose(column, (x - west) / a - 0.5, atol=1e-6)
    np.testing.assert_allclose(row, (y - north) / e - 0.5, atol=1e-6)


def test_the_pole_is_the_middle_of_the_grid() -> None:
    assert [float(value) for value in brodzik_knowles_2002(0.0, 90.0, "north")] == pytest.approx([360.0, 360.0])
    assert [float(value) for value in brodzik_knowles_2002(33.0, -90.0, "south")] == pytest.approx([360.0, 360.0])
