from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.collection import Collection, Opened
from icestream_core.errors import Void
from icestream_core.variable import Flags
from icestream_readers.mod10a2 import MOD10A2
from icestream_snow_cover.snow_cover_hma import PRODUCT, snow_cover_hma

STEPS = (-2, -1, 0, 1, 2)
SNOW, BARE, CLOUD, LAKE_ICE = 200, 25, 50, 100


def window(own: object, **others: object) -> xr.Dataset:
    """Return a window of five composites; those not named (before, after) are cloud."""
    now = np.atleast_2d(np.asarray(own, np.uint8))
    stack = np.full((5, *now.shape), CLOUD, np.uint8)
    stack[2] = now
    for name, place in (("before", 1), ("after", 3)):
        if name in others:
            stack[place] = np.atleast_2d(np.asarray(others[name], np.uint8))
    return xr.Dataset({"snow_extent": (("step", "y", "x"), stack)}, coords={"step": list(STEPS)})


def isolated(*values: int) -> list[list[int]]:
    """Return a row in which no value has a clear neighbour within three cells."""
    row = [CLOUD] * (len(values) * 8)
    row[3::8] = values
    return [row]


def at(result: dict[str, np.ndarray], name: str) -> list[float]:
    return [float(value) for value in result[name][0, 3::8]]


@pytest.mark.parametrize(
    ("terra", "aqua", "code", "fraction"),
    [
        (SNOW, SNOW, 200, 1), (LAKE_ICE, SNOW, 200, 1), (SNOW, BARE, -200, 0), (CLOUD, SNOW, -200, 0),
        (BARE, BARE, 0, 0), (BARE, CLOUD, 0, 0), (CLOUD, CLOUD, 0, np.nan),
    ],
)  # fmt: skip
def test_two_originals_without_neighbours_give_the_published_code(
    terra: int, aqua: int, code: int, fraction: float
) -> None:
    made = snow_cover_hma(window(isolated(terra)), window(isolated(aqua)), None)
    assert at(made, "snow_cover") == [code]
    np.testing.assert_equal(at(made, "snow_area_fraction"), [fraction])


def test_snow_that_a_neighbouring_composite_uncovers_is_told_apart() -> None:
    cloud_in_terra = window(isolated(CLOUD), after=isolated(SNOW))
    cloud_in_both = snow_cover_hma(cloud_in_terra, window(isolated(CLOUD), before=isolated(SNOW)), None)
    cloud_in_one = snow_cover_hma(cloud_in_terra, window(isolated(SNOW)), None)
    for made in (cloud_in_both, cloud_in_one):
        assert at(made, "snow_cover") == [210]
        assert at(made, "snow_area_fraction") == [1]


def test_glaciers_show_only_where_no_snow_covers_them(field: Callable[[str, object], xr.Dataset]) -> None:
    cases = list(product([(SNOW, SNOW), (SNOW, BARE), (BARE, BARE), (CLOUD, CLOUD)], [0, 1, 2, np.nan]))
    terra, aqua = (window(isolated(*(pair[place] for pair, _ in cases))) for place in (0, 1))
    kinds = np.zeros((1, 8 * len(cases)), np.float32)
    kinds[0, 3::8] = [kind for _, kind in cases]
    made = snow_cover_hma(terra, aqua, field("glacier_type", kinds))
    without = {(SNOW, SNOW): 200, (SNOW, BARE): -200, (BARE, BARE): 0, (CLOUD, CLOUD): 0}
    ice = {1: 250, 2: 240}
    expected = [200 if pair == (SNOW, SNOW) else ice.get(kind, without[pair]) for pair, kind in cases]
    assert at(made, "snow_cover") == expected


def test_the_record_knows_the_published_codes() -> None:
    codes = PRODUCT.writes["snow_cover"]
    assert isinstance(codes, Flags)
    assert set(codes.meanings) == {-200, 0, 200, 210, 240, 250}
    assert codes.dtype == "int16"


tiles = hnp.arrays(np.uint8, (5, 8, 8), elements=st.sampled_from([0, 1, 11, 25, 37, 39, 50, 100, 200, 254, 255]))


@given(tiles, tiles)
def test_the_originals_can_be_told_from_the_result_and_are_not_touched(terra: np.ndarray, aqua: np.ndarray) -> None:
    given_terra, given_aqua = (
        xr.Dataset({"snow_extent": (("step", "y", "x"), codes.copy())}, coords={"step": list(STEPS)})
        for codes in (terra, aqua)
    )
    made = snow_cover_hma(given_terra, given_aqua, None)
    np.testing.assert_array_equal(given_terra["snow_extent"].values, terra)
    np.testing.assert_array_equal(given_aqua["snow_extent"].values, aqua)
    terra_snow, aqua_snow = (np.isin(codes[2], (100, 200)) for codes in (terra, aqua))
    np.testing.assert_array_equal(made["snow_cover"] == 200, terra_snow & aqua_snow)
    assert not np.any((made["snow_cover"] == 210) & terra_snow & aqua_snow)
    np.testing.assert_array_equal(made["snow_area_fraction"] == 1, np.isin(made["snow_cover"], (200, 210)))


@given(tiles, tiles)
def test_terra_and_aqua_may_change_places(terra: np.ndarray, aqua: np.ndarray) -> None:
    one, other = (
        xr.Dataset({"snow_extent": (("step", "y", "x"), codes)}, coords={"step": list(STEPS)})
        for codes in (terra, aqua)
    )
    for name, values in snow_cover_hma(one, other, None).items():
        np.testing.assert_array_equal(values, snow_cover_hma(other, one, None)[name])


@pytest.mark.parametrize("terra", [None, "elsewhen", "gaps"])
def test_without_the_composite_itself_of_either_sensor_there_is_nothing(terra: str | None) -> None:
    whole = window(isolated(SNOW), after=isolated(SNOW))
    given = {
        None: None,
        "elsewhen": whole.sel(step=[1, 2]),
        "gaps": whole.astype(np.float32).where(whole["step"] != 0),
    }[terra]
    with pytest.raises(Void, match="neither Terra nor Aqua"):
        snow_cover_hma(given, None, None)


def test_one_sensor_alone_has_the_code_of_one_sensor_and_a_fraction_of_its_own() -> None:
    both = window(isolated(SNOW, BARE, CLOUD))
    gone = window(isolated(SNOW, BARE, CLOUD)).astype(np.float32).where(False)
    for made in (snow_cover_hma(both, None, None), snow_cover_hma(None, both, None), snow_cover_hma(both, gone, None)):
        assert at(made, "snow_cover") == [-200, 0, 0]
        np.testing.assert_equal(at(made, "snow_area_fraction"), [1, 0, np.nan])


def test_a_window_of_floats_gives_what_whole_numbers_give() -> None:
    rng = np.random.default_rng(5)
    terra, aqua = (
        xr.Dataset(
            {"snow_extent": (("step", "y", "x"), rng.choice(np.array([25, 50, 200, 100], np.uint8), (5, 30, 30)))},
            coords={"step": list(STEPS)},
        )
        for _ in range(2)
    )
    whole = snow_cover_hma(terra, aqua, None)
    for name, values in snow_cover_hma(terra.astype(np.float32), aqua.astype(np.float32), None).items():
        np.testing.assert_array_equal(values, whole[name])


@pytest.fixture(scope="module")
def real_terra(granules: Path, open_as: Callable[[Collection, Path, str], Opened]) -> xr.Dataset:
    (path,) = (granules / "mod10a2").glob("*.hdf")
    extent = open_as(MOD10A2, path, path.name).data["snow_extent"].values
    stack = np.full((5, *extent.shape), np.nan, np.float32)
    stack[2] = extent
    return xr.Dataset({"snow_extent": (("step", "y", "x"), stack)}, coords={"step": list(STEPS)})


def test_a_real_granule_alone_keeps_its_snow_and_loses_cloud(real_terra: xr.Dataset) -> None:
    original = real_terra["snow_extent"].sel(step=0).values
    made = snow_cover_hma(real_terra, None, None)
    snow, cloud = np.isin(original, (100, 200)), ~np.isin(original, (25, 37, 39, 100, 200))
    assert set(np.unique(made["snow_cover"])) == {-200, 0}
    assert (made["snow_cover"][snow] == -200).all()
    assert (made["snow_area_fraction"][snow] == 1).all()
    assert (made["snow_area_fraction"][~snow & ~cloud] == 0).all()
    left = np.isnan(made["snow_area_fraction"])
    assert not left[~cloud].any()
    assert 0 < left.sum() < cloud.sum()


def test_a_whole_tile_of_two_sensors_and_five_composites_takes_seconds_at_most(real_terra: xr.Dataset) -> None:
    codes = real_terra["snow_extent"].sel(step=0).values
    shifted = np.stack([np.roll(codes, 40 * step, axis=1) for step in STEPS])
    terra, aqua = (
        xr.Dataset({"snow_extent": (("step", "y", "x"), stack)}, coords={"step": list(STEPS)})
        for stack in (shifted, shifted[:, ::-1])
    )
    began = time.process_time()
    made = snow_cover_hma(terra, aqua, None)
    assert made["snow_cover"].shape == (2400, 2400)
    # Half a second on one core of 2020; the limit only tells a loop from an array.
    assert time.process_time() - began < 5
