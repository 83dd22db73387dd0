"""Scenes for the products: made by hand, and the real F17 day as the stream would hand it to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from icestream_core.collection import Collection, Opened
from icestream_core.granule import Asset, Granule
from icestream_core.grid import CHINA_025
from icestream_foundation.cold_pass_tb import cold_pass_tb
from icestream_generation.align import onto
from icestream_generation.geolocation import centres
from icestream_generation.library import open_library
from icestream_readers.nsidc_0032 import NSIDC_0032

pytest.register_assert_rewrite("icestream_generation.product_contract")

OpenAs = Callable[[Collection, Path, str], Opened]
F17_CHANNELS = ("19H", "19V", "22V", "37H", "37V", "91H", "91V")
F17_STEM = "EASE-F17-NL2014032D-V2"

SNOW = {"tb_19v": 240.0, "tb_19h": 232.0, "tb_22v": 236.0, "tb_37v": 215.0, "tb_37h": 205.0, "tb_91v": 190.0,
        "tb_91h": 185.0}  # fmt: skip
"""K; deep dry snow on land: no test of the tree holds against it."""


def granule_of(collection: Collection, filename: str) -> Granule:
    """Return the granule that a file of this name arrives as."""
    facts = collection.parse(filename)
    assert facts is not None, f"{filename} is not of {collection.name}"
    checksum, now = "sha256:" + "0" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    return Granule(
        **{**facts._asdict(), "produced": None},
        checksum=checksum,
        collection=collection.name,
        sensor=collection.sensor_of(facts.platform),
        assets=(Asset(href=filename, size=0, checksum=checksum),),
        published_at=now,
        received_at=now,
    )


@pytest.fixture(scope="session", name="open_as")
def open_as_fixture() -> OpenAs:
    """Open a file as if it had come under a name."""
    return lambda collection, path, filename: collection.open(path, granule_of(collection, filename))


@pytest.fixture(scope="session")
def f17(granules: Path, open_as: OpenAs) -> xr.Dataset:
    """The cold pass of F17, 1 February 2014, seven channels on the northern EASE-Grid."""
    folder, channels = granules / "nsidc-0032", {}
    for channel in F17_CHANNELS:
        name = f"{F17_STEM}.{channel}"
        opened = open_as(NSIDC_0032, folder / name, name)
        channels |= {str(key): value for key, value in opened.data.data_vars.items()}
        grid = opened.grid
    assert grid is not None
    return xr.Dataset(channels, attrs={"sensor": "ssmis", "platform": "F17", "grid": grid})


@pytest.fixture(scope="session")
def f17_on_china(f17: xr.Dataset) -> xr.Dataset:
    """The same day through cold-pass-tb and onto the grid of China, in a window in which no other day came."""
    level = cold_pass_tb(f17, None)
    steps = range(-3, 4)
    stacked = {}
    for name, values in level.items():
        stack = np.full((len(steps), *CHINA_025.shape), np.nan, np.float32)
        stack[3] = onto(values.astype(np.float32), f17.attrs["grid"], CHINA_025, "nearest")
        stacked[name] = (("step", "y", "x"), stack)
    lon, lat = centres(CHINA_025)
    places = {"step": list(steps), "lat": ("y", lat), "lon": ("x", lon)}
    return xr.Dataset(stacked, coords=places, attrs={"sensor": "ssmis", "platform": "F17"})


@pytest.fixture(scope="session")
def china_elevation() -> xr.Dataset:
    """`elevation`, m, on the grid of China, as a library ships it."""
    return _ancillary("library-altitude", "elevation")


@pytest.fixture(scope="session")
def china_land() -> xr.Dataset:
    """`land_fraction`, 0 to 1, on the grid of China, as a library ships it."""
    return _ancillary("library-land", "land_fraction")


def _ancillary(collection: str, name: str) -> xr.Dataset:
    opened = open_library(collection, CHINA_025)
    assert opened.grid is not None
    field = onto(opened.data[name].values.astype(np.float32), opened.grid, CHINA_025, "nearest")
    return xr.Dataset({name: (("y", "x"), field)})


Scene = Callable[..., xr.Dataset]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Make brightness temperatures of one row of cells: scene({step: {channel: values}}, ...)."""
    return brightness


def brightness(
    days: Mapping[int, Mapping[str, object]] | None = None,
    *,
    sensor: str = "ssmis",
    latitude: float = 50.0,
    longitude: float = 125.0,
    calibration: int = 0,
    cells: int = 1,
) -> xr.Dataset:
    """Return dry snow in every cell and step, but for what `days` says of a step: channel -> values."""
    steps = sorted((days or {0: {}}).keys() | {0})
    data = {}
    for channel, value in SNOW.items():
        stack = np.full((len(steps), 1, cells), value, np.float32)
        for place, step in enumerate(steps):
            told = (days or {}).get(step, {})
            if "all" in told:
                stack[place] = told["all"]
            if channel in told:
                stack[place] = told[channel]
        data[channel] = (("step", "y", "x"), stack)
    data["calibration"] = (("step", "y", "x"), np.full((len(steps), 1, cells), calibration, np.float32))
    places = {"step": steps, "lat": ("y", [latitude]), "lon": ("x", longitude + 0.25 * np.arange(cells))}
    return xr.Dataset(data, coords=places, attrs={"sensor": sensor, "platform": "F17"})


def field(name: str, values: object) -> xr.Dataset:
    """Return a dataset of one variable on (y, x) from nested lists or an array."""
    return xr.Dataset({name: (("y", "x"), np.atleast_2d(np.asarray(values, np.float32)))})


@pytest.fixture(scope="session", name="field")
def field_fixture() -> Callable[[str, object], xr.Dataset]:
    return field
