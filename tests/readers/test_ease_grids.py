"""The equations are those of NSIDC's mapx, cells counted from nought at their centres; pyproj is the judge."""

from __future__ import annotations

from functools import cache
from math import cos, pi, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from icestream_core.grid import Grid
from icestream_readers.ease_grids import EASE_GRIDS

R_OVER_C = 6_371_228.0 / 25_067.525


def mapx(tile: str, longitude: float, latitude: float) -> tuple[float, float]:
    """Return column and row by the published equations. longitude, latitude : degrees"""
    scale = R_OVER_C * (2 if tile[1] == "h" else 1)
    lam, phi = radians(longitude), radians(latitude)
    origin = {
        "ml": (691, 292.5),
        "mh": (1382, 585),
        "nl": (360, 360),
        "nh": (720, 720),
        "sl": (360, 360),
        "sh": (720, 720),
    }
    col0, row0 = origin[tile]
    if tile[0] == "m":
        return col0 + scale * lam * cos(pi / 6), row0 - scale * sin(phi) / cos(pi / 6)
    if tile[0] == "n":
        distance, side = 2 * scale * sin(pi / 4 - phi / 2), 1
    else:
        distance, side = 2 * scale * cos(pi / 4 - phi / 2), -1
    return col0 + distance * sin(lam), row0 + side * distance * cos(lam)


@cache
def projection(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def by_pyproj(grid: Grid, longitude: float, latitude: float) -> tuple[float, float]:
    x, y = projection(grid.crs).transform(longitude, latitude)
    a, _, c, _, e, f = grid.transform
    return (x - c) / a - 0.5, (y - f) / e - 0.5


@pytest.mark.parametrize("tile", EASE_GRIDS)
@given(longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
def test_a_place_is_in_the_cell_where_mapx_puts_it(tile: str, longitude: float, latitude: float) -> None:
    if tile[0] != "m":
        latitude = abs(latitude) if tile[0] == "n" else -abs(latitude)
    assert by_pyproj(EASE_GRIDS[tile], longitude, latitude) == pytest.approx(mapx(tile, longitude, latitude), abs=0.01)


@pytest.mark.parametrize(("tile", "latitude"), [("nl", 90), ("nh", 90), ("sl", -90), ("sh", -90)])
def test_the_pole_is_the_centre_of_the_middle_cell(tile: str, latitude: float) -> None:
    grid = EASE_GRIDS[tile]
    assert by_pyproj(grid, 0, latitude) == pytest.approx(((grid.width - 1) / 2, (grid.height - 1) / 2), abs=1e-6)


def test_the_global_grids_go_round_the_earth() -> None:
    assert by_pyproj(EASE_GRIDS["ml"], -180, 0)[0] == pytest.approx(-0.5, abs=0.6)
    assert by_pyproj(EASE_GRIDS["ml"], 180, 0)[0] == pytest.approx(1382.5, abs=0.6)
    assert by_pyproj(EASE_GRIDS["ml"], 0, 86.7167)[1] == pytest.approx(-0.5, abs=0.01)


def test_a_fine_cell_is_centred_on_every_second_coarse_one() -> None:
    """They share the bore sight and do not nest: the centre of (row, col) at 25 km is that of (2 row, 2 col)."""
    for coarse, fine in (("ml", "mh"), ("nl", "nh"), ("sl", "sh")):
        a, _, c, _, e, f = EASE_GRIDS[coarse].transform
        fa, _, fc, _, fe, ff = EASE_GRIDS[fine].transform
        assert fa == a / 2
        assert fe == e / 2
        assert fc + fa * (2 * 100 + 0.5) == pytest.approx(c + a * (100 + 0.5))
        assert ff + fe * (2 * 100 + 0.5) == pytest.approx(f + e * (100 + 0.5))
