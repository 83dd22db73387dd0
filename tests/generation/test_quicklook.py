"""Quicklooks show what is there, are quick to draw, and the same each time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generation.samples import SOFTWARE, china_depth, task
from icestream_core.grid import CHINA_025, EASE_NL, Grid, modis_tile
from icestream_core.product import Product
from icestream_core.variable import Flags, Variable
from icestream_generation.canvas import canvas_of
from icestream_generation.colours import class_colours, ramp_of
from icestream_generation.promises import check
from icestream_generation.provenance import Provenance, Publisher
from icestream_generation.quicklook import LEFT, TOP, limits, raster_quicklook

DEPTH = Variable(unit="m", standard_name="surface_snow_thickness", long_name="snow depth", valid=(0, 1))
COVER = Flags(long_name="cover", meanings={25: "no_snow", 50: "cloud", 200: "snow"}, fill=255)


def draw(path: Path, product: Product, grid: Grid, values: np.ndarray) -> np.ndarray:
    (name,) = product.writes
    arrays = check(product, {name: values}, grid.shape)
    provenance = Provenance(product, task(product, {}), {}, {}, SOFTWARE, Publisher())
    raster_quicklook(path, provenance, grid, arrays)
    return np.asarray(Image.open(path))


def test_snow_is_where_the_values_are_and_no_data_is_grey(tmp_path: Path) -> None:
    values = np.full(CHINA_025.shape, np.nan, np.float32)
    values[:80, :160] = 0.5
    pixels = draw(tmp_path / "a.png", china_depth(writes={"d": DEPTH}, deliveries=()), CHINA_025, values)
    deep, lacking = pixels[TOP + 100, LEFT + 100], pixels[TOP + 300, LEFT + 300]
    assert deep[2] > deep[0] + 30
    assert np.ptp(lacking.astype(int)) < 12
    # A map that the picture is laid over leaves out what is no data, by the colours that the picture names.
    assert bytes(lacking).hex() in Image.open(tmp_path / "a.png").info["nothing"].split()


def test_each_class_has_its_colour(tmp_path: Path) -> None:
    tile = modis_tile("h25v05", 240)
    values = np.full(tile.shape, 25)
    values[:, 120:] = 200
    pixels = draw(tmp_path / "a.png", china_depth(writes={"c": COVER}, deliveries=()), tile, values)
    colours = class_colours(COVER)
    height, width = canvas_of(tile).shape
    seen = pixels[TOP : TOP + height, LEFT : LEFT + width].reshape(-1, 3)
    for code, half in ((25, 0.5), (200, 0.5)):
        assert (seen == colours[code]).all(axis=1).mean() == pytest.approx(half, abs=0.05)
    assert not (seen == colours[50]).all(axis=1).any()


def test_it_costs_a_moment_once_the_map_is_known(tmp_path: Path) -> None:
    product = china_depth(writes={"d": DEPTH}, deliveries=())
    values = np.random.default_rng(0).random(CHINA_025.shape, np.float32)
    draw(tmp_path / "a.png", product, CHINA_025, values)
    spent = []
    for _ in range(5):
        began = time.process_time()
        draw(tmp_path / "b.png", product, CHINA_025, values)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.1
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_nothing_at_all_can_be_drawn(tmp_path: Path) -> None:
    values = np.full(EASE_NL.shape, np.nan)
    pixels = draw(tmp_path / "a.png", china_depth(writes={"d": DEPTH}, deliveries=()), EASE_NL, values)
    assert pixels.shape[2] == 3


def test_land_and_sea_are_told_apart() -> None:
    canvas = canvas_of(CHINA_025)
    height, width = canvas.shape
    lhasa = round((55.125 - 29.7) / 40.25 * height), round((91.1 - 59.875) / 80.25 * width)
    east_china_sea = round((55.125 - 29.0) / 40.25 * height), round((125.0 - 59.875) / 80.25 * width)
    assert canvas.land[lhasa]
    assert not canvas.land[east_china_sea]
    assert [text for _, text in canvas.along] == ["50°N", "40°N", "30°N", "20°N"]


@given(st.lists(st.floats(0, 5, width=32), min_size=1, max_size=50))
def test_limits_are_round_and_hold_the_values(values: list[float]) -> None:
    deep = DEPTH.model_copy(update={"valid": (0, 5)})
    low, high = limits(np.array(values, np.float32), deep)
    assert low < high
    assert low <= np.percentile(values, 1) + 1e-5
    assert high >= np.percentile(values, 99) - 1e-5


def test_where_nothing_was_found_the_legend_still_has_round_limits() -> None:
    onset = DEPTH.model_copy(update={"valid": (1, 366)})
    assert limits(np.array([], np.float32), onset) == (0.0, 400.0)


def test_no_two_classes_share_a_colour() -> None:
    flags = Flags(long_name="many", meanings={code: f"snow_{code}" for code in range(30)})
    assert len(set(class_colours(flags).values())) == 30


def test_a_difference_is_white_in_its_middle() -> None:
    ramp = ramp_of(Variable(unit="K", long_name="difference", valid=(-20, 20)))
    assert ramp[127].min() > 235
