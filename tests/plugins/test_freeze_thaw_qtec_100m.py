"""Freeze and thaw of the corridor at 100 m: each step by hand, and the chain on simulated scenes of known ground."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from pyproj import Transformer

from core.specimens import granule
from icestream_core.errors import Void
from icestream_core.gather import gather
from icestream_core.period import month
from icestream_core.pick import Recorded
from icestream_core.plugins import load
from icestream_core.slot import Slot
from icestream_freeze_thaw import freeze_thaw_qtec_100m as s13
from icestream_freeze_thaw import frost_indicators_qtec as frost
from icestream_freeze_thaw import seasonal_scaling_qtec as scaling
from icestream_freeze_thaw.corridor import CORRIDOR_001, CORRIDOR_100M, ROAD, TRACKS, within
from icestream_freeze_thaw.sentinel1_gamma0_qtec import sentinel1_gamma0_qtec
from icestream_readers.sentinel1_grd import SENTINEL1_GRD
from icestream_simulator.write_sentinel1_grd import radar_truth, scenes_on
from plugins.stream import RADAR_DAY, Stream

PLUGINS = load()
NAGQU = CORRIDOR_100M.window("nagqu", 546, 5675, 4, 1)
"""Four cells on the road at Nagqu."""
LATITUDE, LONGITUDE = (xr.DataArray(np.full((1, 4), value)) for value in (31.48, 92.05))


def month_of(number: int, variant: str = "descending") -> Slot:
    interval = month().containing(datetime(2016, number, 1, tzinfo=UTC))
    assert interval is not None
    return Slot(product="s13", period=interval.label, start=interval.start, end=interval.end, variant=variant)


def rows(**fields: Any) -> xr.Dataset:
    return xr.Dataset({name: (("y", "x"), np.array([values], np.float32)) for name, values in fields.items()})


def test_gamma_nought_is_sigma_nought_over_the_cosine_of_the_incidence_angle() -> None:
    found = sentinel1_gamma0_qtec(rows(sigma_nought_vv=[0.1, np.nan], incidence_angle=[60.0, 30.0]))
    np.testing.assert_allclose(found["gamma0_vv"], [[0.2, np.nan]], rtol=1e-6)


def test_a_scene_elsewhere_or_without_vv_is_void() -> None:
    with pytest.raises(Void, match="does not reach"):
        sentinel1_gamma0_qtec(rows(sigma_nought_vv=[np.nan], incidence_angle=[np.nan]))
    with pytest.raises(Void, match="no polarisation VV"):
        sentinel1_gamma0_qtec(rows(sigma_nought_hh=[0.1], incidence_angle=[30.0]))


def months(**of_step: list[float]) -> xr.Dataset:
    """Return backscatter, dB, of some steps: m9=[...] is that of nine months before."""
    gamma = np.full((12, 1, 4), np.nan, np.float32)
    for step, decibel in of_step.items():
        gamma[11 - int(step[1:]), 0] = 10.0 ** (np.array(decibel) / 10.0)
    return xr.Dataset({"gamma0_vv": (("step", "y", "x"), gamma)}, {"step": np.arange(-11, 1)})


def test_a_month_is_scaled_between_its_winter_and_its_summer() -> None:
    # October: nine months back is January, eight February, three July, two August; April is neither.
    radar = months(
        m0=[-12.0, -15.0, np.nan, -12.0], m9=[-15.0] * 4, m8=[-15.0] * 4, m6=[-30.0] * 4,
        m3=[-11.0, -11.0, -11.0, -13.5], m2=[-11.0, -11.0, -11.0, -13.5],
    )  # fmt: skip
    made = scaling.seasonal_scaling_qtec(radar, month_of(10))
    np.testing.assert_allclose(made["scaling"], [[0.75, 0.0, np.nan, np.nan]], atol=1e-6)
    assert made["detail"].tolist() == [
        [scaling.SCALED, scaling.SCALED, scaling.NOT_SEEN, scaling.TOO_LITTLE_SWING]
    ]  # fmt: skip


def test_a_month_of_winter_is_part_of_its_own_winter() -> None:
    # February: its own month and the one before; summer is six and seven months back.
    radar = months(m0=[-15.0] * 4, m1=[-17.0] * 4, m6=[-10.0] * 4)
    made = scaling.seasonal_scaling_qtec(radar, month_of(2))
    np.testing.assert_allclose(made["scaling"], 1.0 / 6.0, atol=1e-6)


def test_nought_is_as_dark_as_can_be_and_the_scaling_has_an_end() -> None:
    radar = months(m0=[-60.0, 0.0, -11.0, -11.0], m9=[-15.0] * 4, m2=[-11.0, -11.0, -11.0, np.nan])
    radar["gamma0_vv"][11, 0, 0] = 0.0
    made = scaling.seasonal_scaling_qtec(radar, month_of(10))
    np.testing.assert_allclose(made["scaling"], [[-1.0, 2.0, 1.0, np.nan]], atol=1e-6)
    assert made["detail"][0, 3] == scaling.NO_REFERENCE


@pytest.mark.parametrize(
    ("given", "reason"), [({"m2": [-11.0] * 4}, "January or February"), ({"m9": [-15.0] * 4}, "July or August")]
)
def test_a_track_without_winter_or_summer_is_void(given: dict[str, list[float]], reason: str) -> None:
    with pytest.raises(Void, match=reason):
        scaling.seasonal_scaling_qtec(months(m0=[-12.0] * 4, **given), month_of(10))


def test_signs_of_frost_are_kept_apart_and_what_is_missing_stays_missing() -> None:
    grid = CORRIDOR_001.window("two", 0, 0, 2, 1)
    lst = rows(lst_night=[270.0, 260.0], lst_day=[280.0, 281.0], lst_error_night=[1.0, 5.0], lst_error_day=[1.0, 2.0])
    made = frost.frost_indicators_qtec(rows(freeze_thaw=[0.25, np.nan]), None, lst, grid)
    np.testing.assert_array_equal(made["frozen_share_night"], [[0.25, np.nan]])
    assert np.isnan(made["frozen_share_day"]).all()
    np.testing.assert_array_equal(made["lst_night"], [[270.0, np.nan]])
    np.testing.assert_array_equal(made["lst_day"], [[280.0, 281.0]])
    with pytest.raises(Void, match="neither"):
        frost.frost_indicators_qtec(None, None, None, grid)


def indicators(share: float = np.nan, lst: float = np.nan, **others: float) -> xr.Dataset:
    """Return the signs of the whole corridor; the day's are the night's unless told otherwise."""
    given = {"frozen_share_night": share, "frozen_share_day": share, "lst_night": lst, "lst_day": lst} | others
    return xr.Dataset({name: (("y", "x"), np.full(CORRIDOR_001.shape, value)) for name, value in given.items()})


def state(values: list[float], signs: xr.Dataset | None, variant: str = "descending", grid: Any = NAGQU) -> Any:
    return s13.freeze_thaw_qtec_100m(
        rows(scaling=values), signs, grid, LATITUDE, LONGITUDE, month_of(10, variant), **s13.PRODUCT.options
    )


def test_the_radar_alone_parts_frozen_from_thawed_half_way() -> None:
    made = state([0.0, 0.49, 0.51, np.nan], None)
    assert made["freeze_thaw"].tolist() == [[1, 1, 0, 255]]
    assert made["detail"].tolist() == [[s13.RADAR_ALONE] * 3 + [s13.NO_RADAR]]
    np.testing.assert_allclose(made["likelihood"][0, 0], 1 / (1 + np.exp(-2.0)), rtol=1e-6)


@pytest.mark.parametrize(
    ("signs", "detail", "logit"),
    [
        (indicators(0.5, 269.15), s13.ALL_THREE, 0.25 * 1.702),
        (indicators(share=1.0), s13.RADAR_AND_RADIOMETER, 0.25 * np.log(0.98 / 0.02)),
        (indicators(lst=300.0), s13.RADAR_AND_LST, -0.25 * 4.0),
    ],
)
def test_each_sign_has_its_weight_and_is_named(signs: xr.Dataset, detail: int, logit: float) -> None:
    made = state([0.5] * 4, signs)
    assert (made["detail"] == detail).all()
    np.testing.assert_allclose(made["likelihood"], 1 / (1 + np.exp(-logit)), rtol=1e-5)


def test_the_evening_takes_night_and_day_and_the_morning_the_night_alone() -> None:
    signs = indicators(frozen_share_night=1.0, frozen_share_day=0.0)
    assert state([0.5] * 4, signs)["freeze_thaw"].tolist() == [[1] * 4]
    np.testing.assert_allclose(state([0.5] * 4, signs, "ascending")["likelihood"], 0.5)
    noon_alone = indicators(lst_day=290.0)
    assert (state([0.5] * 4, noon_alone, "ascending")["detail"] == s13.RADAR_ALONE).all()


def test_beyond_the_corridor_there_is_nothing() -> None:
    far = CORRIDOR_100M.window("far", 3000, 5000, 4, 1)
    with pytest.raises(Void, match="no radar"):
        state([0.0] * 4, None, grid=far)


def test_the_corridor_follows_its_road_by_twenty_kilometres_on_either_side() -> None:
    inside = within(CORRIDOR_100M)
    assert not (inside[[0, -1]].any() or inside[:, [0, -1]].any())
    west, _, _, north = CORRIDOR_100M.bounds
    for x, y in ROAD:
        assert inside[int((north - y) / 100), int((x - west) / 100)]
    row = int((north - 3_600_000) / 100)
    width = np.count_nonzero(inside[row]) * 100.0
    slant = np.hypot(399_000 - 375_700, 3_641_800 - 3_570_000) / (3_641_800 - 3_570_000)
    assert width == pytest.approx(40_000 * slant, abs=200)


def test_the_tracks_are_named_as_the_scenes_name_them() -> None:
    for scene in scenes_on(RADAR_DAY):
        assert f"{scene.relative_orbit:03d}" in TRACKS.split()
    assert len(set(TRACKS.split())) == 11
    assert SENTINEL1_GRD.name in PLUGINS.products["sentinel1-gamma0-qtec"].collections_read


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return Stream(tmp_path_factory.mktemp("corridor"), PLUGINS, RADAR_DAY)


def test_the_chain_finds_the_slopes_that_are_frozen_and_delivers_them_as_promised(
    stream: Stream, tmp_path: Path
) -> None:
    case = stream.case("freeze-thaw-qtec-100m")
    manifest = case.make(tmp_path / "made").manifest
    (delivery,) = manifest.of_role("delivery")
    assert delivery.name == "2016_09_D_ft.tif"
    with rasterio.open(tmp_path / "made" / delivery.name) as file:
        found = file.read(1)
        assert (file.crs.to_epsg(), file.nodata, file.dtypes) == (32646, 255, ("uint8",))
        (scene,) = scenes_on(RADAR_DAY)
        truth = radar_truth(stream.truth, scene)
        x, y = Transformer.from_crs(4326, 32646, always_xy=True).transform(truth.longitude, truth.latitude)
        row, column = (np.asarray(each) for each in rasterio.transform.rowcol(file.transform, x.ravel(), y.ravel()))
    there = found[row, column].reshape(truth.frozen.shape)
    told = (there != 255) & ~truth.rock
    assert 0.05 < truth.frozen.mean() < 0.5
    assert told[~truth.rock].mean() > 0.9
    assert (there[told] == truth.frozen[told]).mean() > 0.9
    assert (there[told & truth.frozen] == 1).mean() > 0.8
    # Rock hardly changes: nothing is said of it, but at its edges.
    assert (there[truth.rock] == 255).mean() > 0.85


def test_a_month_is_provisional_while_it_goes_on_and_does_without_what_never_comes() -> None:
    of, slot = s13.PRODUCT, month_of(9)
    settle = timedelta(minutes=10)
    came = slot.start + timedelta(days=13)

    def given(name: str, **more: Any) -> Recorded:
        return Recorded(granule(0, name, start=slot.start, end=slot.end, published_at=came, **more), came)

    radar = given("seasonal-scaling-qtec", tile="150", variant="descending")
    other = given("seasonal-scaling-qtec", tile="041", variant="ascending")
    coarse = given("frost-indicators-qtec")
    early = gather(of, slot, [radar, other, coarse], came + timedelta(hours=1), settle)
    assert (early.action, early.stage) == ("make", "provisional")
    assert [len(entries) for entries in early.inputs.values()] == [1, 1]
    late = gather(of, slot, [radar], slot.end + timedelta(days=13), settle)
    assert (late.action, late.stage, late.missing[-1]) == ("make", "final", "indicators (frost-indicators-qtec)")
