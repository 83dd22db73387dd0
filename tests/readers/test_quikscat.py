"""QuikSCAT's images, made by hand from the producers' description of the format: there is no real file among ours."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_readers.quikscat import QUIKSCAT

OpenAs = Callable[[Collection, Path, str], Opened]
NAME = "qaeh-a-ChJ07-033-036.sir"
WIDTH, HEIGHT = 5, 3
PLACES = {
    "width": 1, "height": 2, "longitude": 3, "latitude": 4, "version": 5, "cell_x": 6, "cell_y": 7, "west": 8,
    "south": 9, "offset": 10, "scale": 11, "year": 12, "day": 13, "projection": 17, "kind": 19, "cell_scale": 40,
    "blocks": 41, "polarisation": 45, "data_type": 48, "no_data": 49, "degree_scale": 169, "origin_scale": 256,
}  # fmt: skip
"""Numbers of the header as the producers count them, from 1."""
USUAL = {
    "width": WIDTH, "height": HEIGHT, "longitude": 1050, "latitude": 400, "version": 30, "cell_x": 4450, "cell_y": 4450,
    "west": -600, "south": -200, "offset": -33, "scale": 1000, "year": 2007, "day": 33, "projection": 2, "kind": 1,
    "cell_scale": 1000, "blocks": 1, "polarisation": 1, "data_type": 2, "no_data": -32767, "degree_scale": 10,
    "origin_scale": 1,
}  # fmt: skip
DECIBEL = np.array([[-10.0, -11.5, -12.0, -33.0, -7.25], [-20.0] * WIDTH, [-1.0, -2.0, -3.0, -4.0, -5.0]])
"""First row south, as the format has it; -33 is no data."""


def image(body: bytes | None = None, **changes: int) -> bytes:
    number = [0] * 256
    for name, value in (USUAL | changes).items():
        number[PLACES[name] - 1] = value
    if body is None:
        stored = [round((value + 33.0) * 1000.0) - 32767 for value in DECIBEL.ravel()]
        body = struct.pack(f">{len(stored)}h", *stored)
    return struct.pack(">256h", *number) + body


def write(tmp_path: Path, content: bytes, name: str = NAME) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_name_tells_beam_pass_region_and_days() -> None:
    facts = QUIKSCAT.parse(NAME)
    assert facts is not None
    assert (facts.granule_id, facts.tile, facts.part, facts.variant) == ("qaeh-a-ChJ07-033-036", "chj-egg", "h", "cold")
    assert (facts.start, facts.end) == (datetime(2007, 2, 2, tzinfo=UTC), datetime(2007, 2, 6, tzinfo=UTC))
    assert QUIKSCAT.parse(NAME + ".gz") == facts
    slices = QUIKSCAT.parse("qdsv-a-NAm99-201-204.sir")
    assert slices is not None
    assert (slices.tile, slices.part, slices.variant, slices.start.year) == ("nam-slice", "v", "warm", 1999)


def test_an_interval_may_cross_a_new_year() -> None:
    facts = QUIKSCAT.parse("quev-a-Ant06-363-001.sir")
    assert facts is not None
    assert (facts.start, facts.end) == (datetime(2006, 12, 29, tzinfo=UTC), datetime(2007, 1, 2, tzinfo=UTC))
    assert facts.variant == "all"


@pytest.mark.parametrize(
    "name",
    [
        "msfa-a-NAm07-001-005.sir",  # of ASCAT
        "queh-V-ChJ07-033-036.sir",  # standard deviations
        "quxh-a-ChJ07-033-036.sir",
        "qaeh-a-ChJ10-033-036.sir",  # after the antenna stopped
        "qaeh-a-ChJ99-100-104.sir",  # before the launch
        "qaeh-a-ChJ07-366-367.sir",
        "qaeh-a-ChJ07-033-100.sir",
        "qaeh-a-C/J07-033-036.sir",
    ],
)
def test_other_names_are_of_something_else(name: str) -> None:
    assert QUIKSCAT.parse(name) is None


@pytest.mark.parametrize("packed", [False, True])
def test_integers_become_decibels_north_up_and_no_data_becomes_missing(
    packed: bool, tmp_path: Path, open_as: OpenAs
) -> None:
    content = image()
    opened = open_as(QUIKSCAT, write(tmp_path, gzip.compress(content) if packed else content), NAME)
    values = opened.data["sigma0_h"].values
    wanted = np.where(DECIBEL == -33.0, np.nan, DECIBEL)[::-1]
    np.testing.assert_allclose(values, wanted, atol=1e-5)
    assert opened.data["sigma0_h"].attrs["units"] == "dB"
    assert opened.grid is not None
    assert opened.grid.shape == (HEIGHT, WIDTH)


def test_the_last_block_may_be_filled_up(tmp_path: Path, open_as: OpenAs) -> None:
    content = image()
    opened = open_as(QUIKSCAT, write(tmp_path, content + bytes(-len(content) % 512)), NAME)
    assert np.isfinite(opened.data["sigma0_h"].values).sum() == WIDTH * HEIGHT - 1


def test_floats_and_bytes_are_read_too(tmp_path: Path, open_as: OpenAs) -> None:
    floats = bytearray(image(DECIBEL.astype(">f4").tobytes(), data_type=4))
    struct.pack_into(">f", floats, 102, -33.0)
    values = open_as(QUIKSCAT, write(tmp_path, bytes(floats)), NAME).data["sigma0_h"].values
    np.testing.assert_allclose(values[0], DECIBEL[-1], atol=1e-6)
    assert np.isnan(values[-1, 3])
    small = struct.pack("15b", *([-128, 0, 20] + [60] * 12))
    values = open_as(QUIKSCAT, write(tmp_path, image(small, data_type=1, scale=10, no_data=-128)), NAME).data[
        "sigma0_h"
    ]
    np.testing.assert_allclose(values.values[-1, :3], [np.nan, -33.0 + 12.8, -33.0 + 14.8], atol=1e-5)


def test_cells_lie_where_the_producers_formula_puts_them(tmp_path: Path, open_as: OpenAs) -> None:
    """Lambert's inverse on a sphere of the local radius (USGS Bulletin 1532), in kilometres from the lower left."""
    grid = open_as(QUIKSCAT, write(tmp_path, image()), NAME).grid
    assert grid is not None
    flat = 1.0 - 1.0 / 298.26
    centre = math.radians(40.0)
    radius = 6378.135 * flat / math.hypot(flat * math.cos(centre), math.sin(centre))
    column, row = 3, 0
    x, y = (-600.0 + (column + 0.5) * 4.45) / radius, (-200.0 + (row + 0.5) * 4.45) / radius
    rho = math.hypot(x, y)
    c = 2.0 * math.asin(rho / 2.0)
    latitude = math.asin(math.cos(c) * math.sin(centre) + y * math.sin(c) * math.cos(centre) / rho)
    longitude = math.atan2(x * math.sin(c), rho * math.cos(centre) * math.cos(c) - y * math.sin(centre) * math.sin(c))
    a, _, west, _, e, north = grid.transform
    crs = Transformer.from_crs(grid.crs, "+proj=longlat +R=6378137", always_xy=True)
    found = crs.transform(west + a * (column + 0.5), north + e * (HEIGHT - row - 0.5))
    np.testing.assert_allclose(found, (105.0 + math.degrees(longitude), math.degrees(latitude)), atol=2e-4)


def test_a_polar_image_is_where_nsidc_puts_it(tmp_path: Path, open_as: OpenAs) -> None:
    """Upright meridian 45 W and true at 70 N: NSIDC's polar stereographic projection of the north."""
    content = image(
        projection=5, longitude=-4500, latitude=7000, degree_scale=100, cell_x=445, cell_y=445, cell_scale=100
    )
    grid = open_as(QUIKSCAT, write(tmp_path, content), NAME).grid
    assert grid is not None
    assert grid.cell == (4450.0, 4450.0)
    to_nsidc = Transformer.from_crs(grid.crs, "EPSG:3411", always_xy=True)
    np.testing.assert_allclose(to_nsidc.transform(-600_000.0, -2_000_000.0), (-600_000.0, -2_000_000.0), atol=1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (image()[:300], "has 300 bytes; wanted a header of 512"),
        (image()[:-3], "27 bytes behind its header; wanted 30"),
        (image() + b"more", "34 bytes behind its header"),
        (image(projection=11), "projection is 11; read are 1 Lambert"),
        (image(data_type=3), "data type is 3"),
        (image(width=-5), "says -5 columns"),
        (image(width=10_000, height=10_000), "wanted 200000000"),
        (image(blocks=3000), "3000 blocks"),
        (image(cell_x=1), r"cells are 0.001 by 4.45 km"),
        (image(degree_scale=0), "scales by 1000, 0 and 1"),
        (image(latitude=1200), "reference is 105 degrees east, 120 north"),
        (image(west=32_000), "begins at 32000"),
        (image(kind=2), "image of type 2; wanted 1"),
        (image(polarisation=2), "polarisation v; its name says h"),
        (image(day=40), "begins on day 40 of 2007; its name says 33 of 2007"),
        (image(scale=100), "that are no backscatter"),
        (gzip.compress(image())[:-20], "broken gzip file"),
    ],
)
def test_what_is_no_image_of_the_name_is_refused(content: bytes, message: str, tmp_path: Path, open_as: OpenAs) -> None:
    with pytest.raises(GranuleError, match=message):
        open_as(QUIKSCAT, write(tmp_path, content), NAME)


def test_a_bomb_is_not_unpacked(tmp_path: Path, open_as: OpenAs) -> None:
    with pytest.raises(GranuleError, match="bytes behind its header"):
        open_as(QUIKSCAT, write(tmp_path, gzip.compress(image() + bytes(80 * 2**20), 1)), NAME)
