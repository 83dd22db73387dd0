from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_core.variable import Flags
from icestream_foundation import cold_pass_tb
from icestream_physics.snow_screening import SnowQuality
from icestream_snow_depth import dry_snow_depth
from icestream_snow_depth.snow_depth_china import (
    EASE_CHINA,
    LIMITED,
    NO_FOREST_TERM,
    ORDINARY,
    PRODUCT,
    SHALLOW,
    THREE_RIVER_SOURCE,
    snow_depth_china,
)

Scene = Callable[..., xr.Dataset]
Field = Callable[[str, object], xr.Dataset]
Made = Mapping[str, np.ndarray]
DEPTH = 0.0066 * (232.0 - 205.0)
"""m; Che et al. 2008 for the snow of the scene, worked by hand."""


@pytest.fixture
def make(field: Field) -> Callable[..., Made]:
    def made(tb: xr.Dataset, *, elevation: float = 200.0, land: object = 1.0, forest: object = None) -> Made:
        shape = (tb.sizes["y"], tb.sizes["x"])
        return snow_depth_china(
            tb,
            field("elevation", np.full(shape, elevation)),
            field("land_fraction", np.broadcast_to(np.asarray(land, np.float32), shape)),
            None if forest is None else field("forest_fraction", np.broadcast_to(np.asarray(forest), shape)),
        )

    return made


def first(made: Made) -> tuple[float, int, int]:
    return float(made["snow_depth"][0, 0]), int(made["quality"][0, 0]), int(made["detail"][0, 0])


def test_depth_is_66_mm_for_each_ten_kelvin(scene: Scene, make: Callable[..., Made]) -> None:
    depth, quality, detail = first(make(scene()))
    assert depth == pytest.approx(DEPTH, abs=1e-6)
    assert (quality, detail) == (SnowQuality.DRY_SNOW, NO_FOREST_TERM)


def test_smmr_has_a_slope_of_its_own_until_it_is_brought_to_the_reference(
    scene: Scene, make: Callable[..., Made]
) -> None:
    gone = {0: {"tb_22v": np.nan, "tb_91v": np.nan, "tb_91h": np.nan}}
    own, fitted, partly = (
        first(make(scene(gone, sensor="smmr", calibration=code)))[0]
        for code in (cold_pass_tb.UNCALIBRATED, cold_pass_tb.FITTED, cold_pass_tb.PARTLY_FITTED)
    )
    assert own == pytest.approx(0.0078 * 27, abs=1e-6)
    assert fitted == pytest.approx(DEPTH, abs=1e-6)
    assert partly == own


def test_both_families_mean_the_same_by_a_fitted_transfer() -> None:
    assert dry_snow_depth.FITTED_TRANSFER == cold_pass_tb.FITTED
    calibration = cold_pass_tb.PRODUCT.writes["calibration"]
    assert isinstance(calibration, Flags)
    assert calibration.meanings[dry_snow_depth.FITTED_TRANSFER] == "fitted_transfer"


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ((), "all_tests"),
        (("tb_22v",), "without_22_ghz"),
        (("tb_91v",), "without_91_ghz"),
        (("tb_91h",), "without_91_ghz"),
        (("tb_22v", "tb_91v", "tb_91h"), "without_22_and_91_ghz"),
    ],
)
def test_a_sensor_without_a_channel_is_screened_by_the_others_and_says_so(
    scene: Scene, make: Callable[..., Made], lacking: tuple[str, ...], told: str
) -> None:
    made = make(scene({0: dict.fromkeys(lacking, np.nan)}))
    assert first(made)[1] == SnowQuality.DRY_SNOW
    screening = PRODUCT.writes["screening"]
    assert isinstance(screening, Flags)
    assert screening.meanings[int(made["screening"][0, 0])] == told


def test_a_hole_in_one_channel_is_no_data_and_not_snow(scene: Scene, make: Callable[..., Made]) -> None:
    holes = [[np.nan, 190.0]]
    made = make(scene({0: {"tb_91v": holes}}, cells=2))
    assert made["quality"].tolist() == [[SnowQuality.NO_DATA, SnowQuality.DRY_SNOW]]
    assert np.isnan(made["snow_depth"][0, 0])


@pytest.mark.parametrize(("land", "quality"), [(0.69, SnowQuality.WATER), (0.71, SnowQuality.DRY_SNOW)])
def test_more_than_three_tenths_of_water_is_water(
    scene: Scene, make: Callable[..., Made], land: float, quality: SnowQuality
) -> None:
    made = make(scene(), land=land)
    assert made["quality"][0, 0] == quality
    assert np.isnan(made["snow_depth"][0, 0]) == (quality == SnowQuality.WATER)


def test_water_that_no_orbit_saw_is_water_still(scene: Scene, make: Callable[..., Made]) -> None:
    assert make(scene({0: {"all": np.nan}, 1: {}}), land=0.0)["quality"][0, 0] == SnowQuality.WATER


@pytest.mark.parametrize(("elevation", "quality"), [(4500.0, 7), (2000.0, 0)])
def test_frozen_ground_of_the_plateau_passes_for_snow_below_and_not_above_2500_m(
    scene: Scene, make: Callable[..., Made], elevation: float, quality: int
) -> None:
    # (37V / 91V) / (19V / 37V) is 0.97: both frequencies are darkened alike.
    frozen = {0: {"tb_19v": 250.0, "tb_19h": 240.0, "tb_22v": 248.0, "tb_37v": 237.0, "tb_37h": 229.0, "tb_91v": 231.0}}
    made = make(scene(frozen, latitude=33.0, longitude=90.0), elevation=elevation)
    assert made["quality"][0, 0] == quality
    assert (made["snow_depth"][0, 0] > 0) == (quality == SnowQuality.DRY_SNOW)


@pytest.mark.parametrize(("forest", "factor"), [(0.0, 1.0), (0.5, 2.0), (0.8, 5.0), (0.99, 10.0)])
def test_forest_hides_snow_that_is_given_back(
    scene: Scene, make: Callable[..., Made], forest: float, factor: float
) -> None:
    shallow = {0: {"tb_37h": 232.0 - 10.0}}
    depth, _, detail = first(make(scene(shallow), forest=forest))
    assert depth == pytest.approx(0.066 * factor, abs=1e-6)
    assert detail == ORDINARY


def test_a_cell_whose_forest_is_not_known_says_so(scene: Scene, make: Callable[..., Made]) -> None:
    made = make(scene(cells=2), forest=[[np.nan, 0.0]])
    assert made["detail"].tolist() == [[NO_FOREST_TERM, ORDINARY]]
    assert made["snow_depth"][0, 0] == made["snow_depth"][0, 1]


def test_depth_above_a_metre_is_limited_and_flagged(scene: Scene, make: Callable[..., Made]) -> None:
    depth, quality, detail = first(make(scene(), forest=0.9))
    assert (depth, quality, detail) == (1.0, SnowQuality.DRY_SNOW, LIMITED)


def test_snow_too_shallow_to_be_told_from_noise_is_kept_and_flagged(scene: Scene, make: Callable[..., Made]) -> None:
    depth, _, detail = first(make(scene({0: {"tb_37h": 232.0 - 3.0}}), forest=0.0))
    assert depth == pytest.approx(0.0198, abs=1e-6)
    assert detail == SHALLOW


def test_depth_is_nought_where_37_ghz_is_warmer(scene: Scene, make: Callable[..., Made]) -> None:
    depth, quality, detail = first(make(scene({0: {"tb_37h": 240.0}}), forest=0.0))
    assert (depth, quality, detail) == (0.0, SnowQuality.DRY_SNOW, ORDINARY)


def test_an_orbit_gap_takes_the_days_around_by_their_nearness(scene: Scene, make: Callable[..., Made]) -> None:
    def kelvin(difference: float) -> dict[str, float]:
        return {"tb_37h": 232.0 - difference}

    days = {0: {"all": np.nan}, -1: kelvin(10), 2: kelvin(40), 3: kelvin(30), -3: {"all": np.nan}}
    depth, quality, _ = first(make(scene(days)))
    weighted = (10 / 1 + 40 / 2 + 30 / 3) / (1 / 1 + 1 / 2 + 1 / 3)
    assert depth == pytest.approx(0.0066 * weighted, abs=1e-6)
    assert quality == SnowQuality.GAP_FILLED


def test_a_day_around_that_knows_no_depth_fills_nothing_and_bare_ground_fills_nought(
    scene: Scene, make: Callable[..., Made]
) -> None:
    icy = {"tb_22v": 200.0}
    bare = {"tb_37v": 245.0, "tb_91v": 245.0, "tb_37h": 240.0, "tb_91h": 240.0}
    gap = {"all": np.nan}
    assert first(make(scene({0: gap, 1: icy})))[1] == SnowQuality.NO_DATA
    depth, quality, _ = first(make(scene({0: gap, 1: icy, -2: bare})))
    assert (depth, quality) == (0.0, SnowQuality.GAP_FILLED)


def test_a_day_that_was_seen_takes_nothing_from_the_days_around(scene: Scene, make: Callable[..., Made]) -> None:
    alone, among = first(make(scene())), first(make(scene({0: {}, 1: {"tb_37h": 150.0}, -1: {"tb_37h": 150.0}})))
    assert among == alone


kelvins = hnp.arrays(
    np.float32,
    (3, 7, 1, 4),
    elements=st.one_of(st.floats(120, 300, width=32), st.just(np.float32(np.nan))),
)


@given(kelvins, st.sampled_from(["ssmis", "smmr", "amsr2"]), st.booleans())
def test_any_sky_gives_what_the_record_promises_and_touches_nothing(
    values: np.ndarray, sensor: str, plateau: bool
) -> None:
    channels = ("tb_19v", "tb_19h", "tb_22v", "tb_37v", "tb_37h", "tb_91v", "tb_91h")
    tb = xr.Dataset(
        {name: (("step", "y", "x"), values[:, place].copy()) for place, name in enumerate(channels)},
        coords={"step": [-1, 0, 1], "lat": ("y", [33.0]), "lon": ("x", np.linspace(80, 95, 4) + 40 * (not plateau))},
        attrs={"sensor": sensor},
    )
    tb["calibration"] = xr.full_like(tb["tb_19v"], 2.0)
    ancillary = {
        name: xr.Dataset({name: (("y", "x"), np.array([row], np.float32))})
        for name, row in (
            ("elevation", [4500, 4500, 100, 0]),
            ("land_fraction", [1, 0.8, 0.2, 1]),
            ("forest_fraction", [0, 0.5, 1, np.nan]),
        )
    }
    before = [each.copy(deep=True) for each in (tb, *ancillary.values())]
    made = snow_depth_china(tb, *ancillary.values())
    for after, copy in zip((tb, *ancillary.values()), before, strict=True):
        xr.testing.assert_identical(after, copy)
    assert made.keys() == PRODUCT.writes.keys()
    depth, quality = made["snow_depth"], made["quality"]
    known = np.isfinite(depth)
    assert ((depth[known] >= 0) & (depth[known] <= 1)).all()
    unknown = [SnowQuality.RAIN, SnowQuality.GLACIER, SnowQuality.WET_SNOW, SnowQuality.WATER, SnowQuality.NO_DATA]
    np.testing.assert_array_equal(~known, np.isin(quality, unknown))
    assert (depth[np.isin(quality, [1, 3, 4, 7])] == 0).all()
    assert quality[0, 2] == SnowQuality.WATER
    for name in ("quality", "detail", "screening"):
        flags = PRODUCT.writes[name]
        assert isinstance(flags, Flags)
        assert set(np.unique(made[name]).tolist()) <= flags.meanings.keys()


def test_the_cuts_are_where_the_source_datasets_have_them() -> None:
    # Cell centres from 89.25 to 102.5 E and from 31 to 37.25 N lie within 89.15-102.58 E, 30.79-37.38 N.
    assert THREE_RIVER_SOURCE.shape == (26, 54)
    assert THREE_RIVER_SOURCE.bounds == (89.125, 30.875, 102.625, 37.375)
    assert EASE_CHINA.cell == (25_067.525, 25_067.525)
