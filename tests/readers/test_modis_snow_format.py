from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from pyproj import Transformer

from icestream_core.grid import modis_tile
from icestream_readers.mod10a2 import MOD10A2
from icestream_readers.modis_name import footprint, is_tile
from icestream_readers.myd10a2 import MYD10A2


def test_a_name_tells_satellite_tile_and_period() -> None:
    facts = MOD10A2.parse("MOD10A2.A2022033.h09v05.061.2022042050729.hdf")
    assert facts is not None
    assert (facts.platform, facts.tile, facts.part, facts.variant) == ("Terra", "h09v05", "", "")
    assert (facts.start, facts.end) == (datetime(2022, 2, 2, tzinfo=UTC), datetime(2022, 2, 10, tzinfo=UTC))
    aqua = MYD10A2.parse("MYD10A2.A2022033.h25v05.006.2022042050729.hdf")
    assert aqua is not None
    assert (aqua.platform, aqua.tile) == ("Aqua", "h25v05")


@pytest.mark.parametrize(("year", "days"), [(2021, 5), (2020, 6)])
def test_the_last_period_ends_with_the_year(year: int, days: int) -> None:
    facts = MOD10A2.parse(f"MOD10A2.A{year}361.h25v05.061.2022042050729.hdf")
    assert facts is not None
    assert facts.end == datetime(year + 1, 1, 1, tzinfo=UTC)
    assert (facts.end - facts.start).days == days


def test_a_year_has_46_periods_without_gap_or_overlap() -> None:
    found = [MOD10A2.parse(f"MOD10A2.A2021{day:03d}.h25v05.061.2022042050729.hdf") for day in range(1, 367)]
    periods = [facts for facts in found if facts is not None]
    assert len(periods) == 46
    assert all(one.end == after.start for one, after in pairwise(periods))


@pytest.mark.parametrize(
    "name",
    [
        "MOD10A2.A2022034.h09v05.061.2022042050729.hdf",  # begins no period
        "MOD10A2.A2022033.h36v05.061.2022042050729.hdf",
        "MOD10A2.A2022033.h09v18.061.2022042050729.hdf",
        "MOD10A2.A2022033.h9 v05.061.2022042050729.hdf",
        "MOD10A2.A2022033.h09v05.061.20220420507xx.hdf",
        "MOD10A1.A2022033.h09v05.061.2022042050729.hdf",
        "MYD10A2.A2022033.h09v05.061.2022042050729.hdf",
        "MOD10A2.A2022033.h09v05.061.2022042050729.hdf.xml",
    ],
)
def test_other_names_are_not_taken(name: str) -> None:
    assert MOD10A2.parse(name) is None


def corners(tile: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north of what of a tile is on the globe, degrees, by pyproj."""
    grid = modis_tile(tile, 1)
    west, south, east, north = grid.bounds
    x, y = np.meshgrid(np.linspace(west, east, 301), np.linspace(south, north, 301))
    longitude, latitude = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    on = np.isfinite(longitude) & (np.abs(x) <= np.cos(np.radians(latitude)) * 6371007.181 * np.pi)
    return longitude[on].min(), latitude[on].min(), longitude[on].max(), latitude[on].max()


@pytest.mark.parametrize("tile", ["h25v05", "h09v05", "h23v04", "h18v03", "h17v08", "h27v13"])
def test_a_footprint_is_the_box_round_its_tile(tile: str) -> None:
    assert footprint(tile) == pytest.approx(corners(tile), abs=1e-6)


@pytest.mark.parametrize("tile", ["h20v00", "h16v17", "h10v02", "h35v09"])
def test_a_footprint_at_the_edge_of_the_globe_holds_all_of_its_tile(tile: str) -> None:
    box, (west, south, east, north) = footprint(tile), corners(tile)
    assert box is not None
    assert -180 <= box[0] <= west + 1e-6
    assert east - 1e-6 <= box[2] <= 180
    assert box[1] <= south + 1e-6
    assert north - 1e-6 <= box[3]


def test_a_tile_off_the_globe_has_no_footprint() -> None:
    assert footprint("h00v00") is None
    assert footprint("h35v17") is None


def test_tiles_are_36_by_18() -> None:
    assert sum(is_tile(f"h{h:02d}v{v:02d}") for h in range(100) for v in range(100)) == 36 * 18
