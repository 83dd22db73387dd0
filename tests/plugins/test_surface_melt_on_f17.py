"""Greenland on the real F17 day, 1 February 2014, with the real mask of its ice.

There is one real day and no other winter: the reference is made of the day itself, so that an excess of nought is what
the arithmetic must give. What the granules tell of themselves is the cross-polarised ratio, a rule without reference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from scipy.ndimage import binary_erosion

from icestream_core.collection import Collection, Opened
from icestream_core.grid import EASE_NL
from icestream_core.period import day as days
from icestream_core.period import season
from icestream_core.slot import Slot
from icestream_foundation.cold_pass_tb import cold_pass_tb
from icestream_generation.align import onto
from icestream_generation.geolocation import cell_lonlat
from icestream_physics.melt_thresholds import abdalati_steffen_1995
from icestream_readers.ease_loci_mask import EASE_LOCI_MASK
from icestream_readers.nsidc_0032 import NSIDC_0032
from icestream_surface_melt.ice_sheets import GREENLAND, belongs
from icestream_surface_melt.melt_codes import EARLIER, MELT, OF_FEW_DAYS, OUTSIDE
from icestream_surface_melt.melt_reference import greenland_reference
from icestream_surface_melt.surface_melt import surface_melt

MASK = "Nl.LOCImask_land50_coast0km.721x721"
COLOURS = {(0, 131, 255): 255, (0, 204, 25): 0, (60, 60, 60): 254, (85, 0, 113): 101, (255, 255, 255): 255}
"""Of NSIDC's picture of the mask; white is its frame."""
FIRST = datetime(2014, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ice(
    granules: Path, open_as: Callable[[Collection, Path, str], Opened], tmp_path_factory: pytest.TempPathFactory
) -> np.ndarray:
    """The class of each EASE-Grid cell, from NSIDC's own picture of its mask."""
    picture = np.asarray(Image.open(granules / "nsidc-0032" / f"{MASK}.png"))
    codes = np.zeros(EASE_NL.shape, np.uint8)
    for colour, code in COLOURS.items():
        codes[(picture == colour).all(axis=2)] = code
    path = tmp_path_factory.mktemp("mask") / f"{MASK}.bin"
    path.write_bytes(codes.tobytes())
    return np.asarray(open_as(EASE_LOCI_MASK, path, path.name).data["surface_class"].values)


@pytest.fixture(scope="module")
def passes(granules: Path, open_as: Callable[[Collection, Path, str], Opened]) -> dict[str, np.ndarray]:
    """Both real passes of 19H and 37V through cold-pass-tb, K."""
    found = {}
    for letter in "AD":
        channels = {}
        for channel in ("19H", "37V"):
            name = f"EASE-F17-NL2014032{letter}-V2.{channel}"
            channels |= dict(open_as(NSIDC_0032, granules / "nsidc-0032" / name, name).data.data_vars)
        level = cold_pass_tb(xr.Dataset(channels, attrs={"sensor": "ssmis", "platform": "F17"}), None)
        found |= {f"{name}{letter}": level[name] for name in ("tb_19h", "tb_37v")}
    return found


def test_no_melt_in_winter_and_half_of_the_window_is_greenlands_ice(
    passes: dict[str, np.ndarray], ice: np.ndarray
) -> None:
    stacks = {
        name: np.stack([onto(passes[f"{name}{letter}"], EASE_NL, GREENLAND.fine, "nearest") for letter in "AD"])
        for name in ("tb_19h", "tb_37v")
    }
    times = ("granule", [np.datetime64("2014-02-01", "ns")] * 2)
    tb = xr.Dataset(
        {name: (("granule", "y", "x"), stack) for name, stack in stacks.items()}, {"time": times}, {"platform": "F17"}
    )
    interval, own = season().containing(FIRST), days().containing(FIRST)
    assert interval is not None and own is not None
    winter = Slot(product="r", period=interval.label, start=interval.start, end=interval.end)
    made = greenland_reference(tb, winter, seed_literal=False)
    reference = xr.Dataset({name: (("y", "x"), field) for name, field in made.items()}, attrs={"platform": "F17"})
    lon, lat = cell_lonlat(GREENLAND.fine)
    classes = onto(ice.astype(np.float32), EASE_NL, GREENLAND.fine, "nearest")
    found = surface_melt(
        GREENLAND,
        tb,
        own_reference=None,
        reference=reference,
        albedo=None,
        recent_albedo=None,
        ice=xr.Dataset({"surface_class": (("y", "x"), classes)}),
        land=xr.Dataset(),
        longitude=xr.DataArray(lon, dims=("y", "x")),
        latitude=xr.DataArray(lat, dims=("y", "x")),
        slot=Slot(product="m", period=own.label, start=own.start, end=own.end),
        rule="m30",
        threshold=30.0,
    )
    inside = found["melt"] != OUTSIDE
    assert not (found["melt"] == MELT).any()
    assert np.nanmax(np.abs(found["tb_excess"])) < 1e-3
    assert set(np.unique(found["reference"][inside])) == {EARLIER + OF_FEW_DAYS}
    # Greenland's ice sheet covers 1.71 million square kilometres, with its own ice caps 1.80.
    area = float((inside * np.cos(np.radians(lat))).sum() * (0.05 * 111.195) ** 2)
    assert 1.65e6 < area < 1.85e6
    # Dry polar firn is dark in horizontal polarisation: the interior shines at 120 to 200 K.
    assert 150.0 < np.nanmedian(reference["winter_tb"].values[inside]) < 165.0


def test_the_cross_polarised_ratio_finds_the_real_winter_dry(passes: dict[str, np.ndarray], ice: np.ndarray) -> None:
    lon, lat = cell_lonlat(EASE_NL)
    with np.errstate(invalid="ignore"):
        box = (lat > 60) & (lat < 84) & (lon > -75) & (lon < -10) & belongs(GREENLAND, lon, lat)
    here = box & (ice == 101)
    inland = binary_erosion(here, np.ones((3, 3)), 2) & np.isfinite(passes["tb_19hA"])
    assert inland.sum() > 1500
    wet = abdalati_steffen_1995(passes["tb_19hA"], passes["tb_37vA"])
    # At the margin, bare ground and sea in the cell pass for melt; two cells inland nothing does.
    assert wet[inland].mean() == 0.0
    assert wet[here].mean() < 0.03
