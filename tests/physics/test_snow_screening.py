"""The decision tree on made-up cells: each reason, its edges, and what is missing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.false_snow import tsutsui_koike_2012
from icestream_physics.snow_screening import SnowQuality, grody_basist_1996, ng_2002, screened_depth
from icestream_physics.wet_snow import kelly_surface_temperature, wet_snow

CHANNELS = ("tb_19v", "tb_19h", "tb_37v", "tb_37h", "tb_22v", "tb_91v", "tb_91h")
DRY_SNOW = dict(zip(CHANNELS, (240.0, 230.0, 220.0, 210.0, 238.0, 205.0, 198.0), strict=True))
KELVIN = st.floats(80.0, 320.0)


def quality(cell: dict[str, float], **changes: Any) -> SnowQuality:
    return SnowQuality(int(ng_2002(**{**cell, **changes}).quality))


def test_dry_snow_passes() -> None:
    assert quality(DRY_SNOW) is SnowQuality.DRY_SNOW


def test_nothing_scatters_where_the_higher_frequency_is_the_warmer() -> None:
    forest = dict(zip(CHANNELS, (255.0, 252.0, 256.0, 253.0, 256.0, 258.0, 257.0), strict=True))
    assert quality(forest) is SnowQuality.NO_SCATTERING


@pytest.mark.parametrize(
    ("tb_22v", "reason"),
    # 264 K is rain at any rate; below it, the line 169 + 0.5 * 91V, here 259 K. NASA LISF, USAFSI_ssmisMod.F90.
    [(258.9, SnowQuality.DRY_SNOW), (259.0, SnowQuality.RAIN), (264.0, SnowQuality.RAIN)],
)
def test_rain_is_warm_at_22_ghz_for_how_cold_it_is_at_91(tb_22v: float, reason: SnowQuality) -> None:
    assert quality(DRY_SNOW, tb_19v=262.0, tb_19h=255.0, tb_22v=tb_22v, tb_91v=180.0, tb_91h=176.0) is reason


def test_light_rain_over_cold_ground_is_polarised_at_91_and_scatters_little() -> None:
    cell = dict(zip(CHANNELS, (262.0, 256.0, 260.0, 255.0, 261.0, 256.0, 252.0), strict=True))
    assert quality(cell) is SnowQuality.RAIN
    assert quality(cell, tb_91h=254.0) is SnowQuality.DRY_SNOW


def test_desert_is_polarised_and_scatters_weakly_even_where_it_is_as_warm_as_rain() -> None:
    sahara = dict(zip(CHANNELS, (280.8, 240.2, 278.0, 245.7, 277.8, 266.9, 251.5), strict=True))
    assert quality(sahara) is SnowQuality.DESERT
    assert quality(sahara, tb_91v=268.0) is SnowQuality.DESERT
    assert quality(sahara, tb_19h=265.0) is SnowQuality.RAIN


def test_frozen_ground_is_polarised_and_scatters_hardly_at_all() -> None:
    nagqu = dict(zip(CHANNELS, (249.3, 237.3, 246.9, 237.7, 248.4, 239.6, 232.5), strict=True))
    assert quality(nagqu) is SnowQuality.FROZEN_GROUND
    assert quality(nagqu, tb_37v=244.2) is SnowQuality.DRY_SNOW


def test_an_ice_sheet_is_glacier_whether_it_scatters_or_not() -> None:
    summit = dict(zip(CHANNELS, (211.3, 159.4, 204.4, 165.8, 208.5, 220.2, 188.1), strict=True))
    assert quality(summit) is SnowQuality.GLACIER
    assert quality(summit, tb_37v=215.0) is SnowQuality.GLACIER


def test_wet_snow_is_polarised_flat_and_too_warm_to_be_dry() -> None:
    wet = dict(zip(CHANNELS, (260.8, 245.8, 260.3, 240.4, 261.6, 245.8, 237.6), strict=True))
    assert quality(wet) is SnowQuality.WET_SNOW
    assert bool(wet_snow(260.8, 245.8, 260.3, 240.4))
    assert not wet_snow(240.8, 225.8, 240.3, 220.4)


def test_the_surface_temperature_of_kelly() -> None:
    # 62.4 - 0.05 * 250 + 0.84 * 248 - 0.40 * 236 + 0.41 * 240, by hand.
    assert kelly_surface_temperature(250.0, 248.0, 236.0, 240.0) == pytest.approx(262.22)


PLATEAU = {"elevation": 4500.0, "latitude": 33.0, "longitude": 90.0}


def test_frozen_ground_of_the_plateau_is_no_snow_there_and_snow_elsewhere() -> None:
    # Medians of 29-36 N, 80-100 E on 1 February 2014.
    cell = dict(zip(CHANNELS, (243.2, 234.2, 235.5, 225.9, 241.6, 227.2, 219.4), strict=True))
    assert quality(cell, **PLATEAU) is SnowQuality.PLATEAU_FALSE_SNOW
    for change in ({"elevation": 2000.0}, {"latitude": 45.0}, {"longitude": 60.0}):
        assert quality(cell, **{**PLATEAU, **change}) is SnowQuality.DRY_SNOW


def test_thin_snow_on_the_plateau_stays_snow() -> None:
    # Mongolia on 1 February 2014, moved to the plateau: (236.8 / 210.2) / (244.1 / 236.8) = 1.093 > 1.03.
    assert not tsutsui_koike_2012(244.1, 236.8, 210.2, **PLATEAU)


def test_a_plateau_cell_of_unknown_height_has_no_data() -> None:
    assert quality(DRY_SNOW, **{**PLATEAU, "elevation": np.nan}) is SnowQuality.NO_DATA
    assert quality(DRY_SNOW, elevation=np.nan, latitude=60.0, longitude=90.0) is SnowQuality.DRY_SNOW


def test_open_water_is_water_and_unknown_water_no_data() -> None:
    assert quality(DRY_SNOW, water_fraction=0.5) is SnowQuality.WATER
    assert quality(DRY_SNOW, water_fraction=0.2) is SnowQuality.DRY_SNOW
    assert quality(DRY_SNOW, water_fraction=np.nan) is SnowQuality.NO_DATA


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_hole_in_any_channel_is_no_data_and_never_snow(channel: str) -> None:
    assert quality(DRY_SNOW, **{channel: np.nan}) is SnowQuality.NO_DATA


@given(st.lists(st.one_of(KELVIN, st.just(np.nan)), min_size=7, max_size=7))
def test_every_cell_gets_a_reason_and_only_whole_cells_pass(values: list[float]) -> None:
    for tree in (ng_2002, grody_basist_1996):
        found = SnowQuality(int(tree(*values).quality))
        assert (found is SnowQuality.NO_DATA) == bool(np.isnan(values).any())


@given(st.lists(KELVIN, min_size=7, max_size=7))
def test_what_passes_is_what_the_operational_code_passes(values: list[float]) -> None:
    """The rejections of NASA LISF (USAFSI_ssmisMod.F90), which gives no reasons, written out anew."""
    v19, h19, v37, _, v22, v91, h91 = values
    sc91, sc37, scx = v22 - v91 - 3.0, v19 - v37 - 3.0, v37 - v91 - 1.0
    scat = max(sc91, sc37, scx)
    rejected = (
        scat <= 0
        or (v22 >= 260.0 and v91 - h91 > 3.0 and scat <= 3.0)
        or v22 >= 264.0
        or v22 >= 169.0 + 0.5 * v91
        or (v19 - h19 >= 18.0 and sc37 <= 10.0 and scx <= 10.0)
        or (v19 - h19 >= 8.0 and sc91 <= 6.0 and sc37 <= 2.0)
        or v22 <= 216.0
        or (v22 <= 235.0 and v19 - h19 >= 23.0)
    )
    found = SnowQuality(int(ng_2002(*values).quality))
    assert (found in (SnowQuality.DRY_SNOW, SnowQuality.WET_SNOW)) is not rejected or found is SnowQuality.WET_SNOW


DRY, BARE, RAIN, DESERT = SnowQuality.DRY_SNOW, SnowQuality.NO_SCATTERING, SnowQuality.RAIN, SnowQuality.DESERT
FROZEN, GLACIER, MELTING = SnowQuality.FROZEN_GROUND, SnowQuality.GLACIER, SnowQuality.WET_SNOW
FLAT = (236.0, 232.0, 236.0, 230.0, 236.0, 236.0, 230.0)
COLD_RAIN = (262.0, 256.0, 260.0, 255.0, 261.0, 256.0, 252.0)
SAND = (250.0, 230.0, 240.0, 232.0, 248.0, 235.0, 228.0)
NAGQU = (249.3, 237.3, 246.9, 237.7, 248.4, 239.6, 232.5)
WET = (260.8, 245.8, 260.3, 240.4, 261.6, 245.8, 237.6)
FIRN = (240.0, 215.0, 215.0, 205.0, 230.0, 205.0, 198.0)


@pytest.mark.parametrize(
    ("values", "channel", "edge", "below", "above"),
    # Every number of the operational code (NASA LISF, USAFSI_ssmisMod.F90), worked out for a cell of which nothing else
    # decides; then those of wet snow (JAXA AMSR2 snow depth v2).
    [
        (FLAT, "tb_19v", 236 + 3, BARE, DRY),
        (FLAT, "tb_22v", 236 + 3, BARE, DRY),
        (FLAT, "tb_37v", 236 + 1, BARE, DRY),
        ((262.0, 258.0, 250.0, 242.0, 0.0, 235.0, 230.0), "tb_22v", 264, DRY, RAIN),
        ((255.0, 250.0, 230.0, 222.0, 0.0, 160.0, 155.0), "tb_22v", 169 + 0.5 * 160, DRY, RAIN),
        ((262.0, 258.0, 240.0, 232.0, 0.0, 180.0, 175.0), "tb_22v", 169 + 0.5 * 180, DRY, RAIN),
        (COLD_RAIN, "tb_22v", 260, DRY, RAIN),
        (COLD_RAIN, "tb_91h", 256 - 3, RAIN, DRY),
        (COLD_RAIN, "tb_91v", 260 - 1 - 3, DRY, RAIN),
        (SAND, "tb_19h", 250 - 18, DESERT, DRY),
        (SAND, "tb_37v", 250 - 3 - 10, DRY, DESERT),
        (SAND, "tb_91v", 240 - 1 - 10, DRY, DESERT),
        (NAGQU, "tb_19h", 249.3 - 8, FROZEN, DRY),
        (NAGQU, "tb_22v", 239.6 + 3 + 6, FROZEN, DRY),
        (NAGQU, "tb_37v", 249.3 - 3 - 2, DRY, FROZEN),
        ((220.0, 215.0, 205.0, 195.0, 0.0, 190.0, 185.0), "tb_22v", 216, GLACIER, DRY),
        (FIRN, "tb_22v", 235, GLACIER, DRY),
        (FIRN, "tb_19h", 240 - 23, GLACIER, DRY),
        (WET, "tb_19h", 260.8 - 10, MELTING, DRY),
        (WET, "tb_37v", 260.8 - 1, DRY, MELTING),
        (WET, "tb_22v", (270 - 62.4 + 0.05 * 260.8 + 0.40 * 240.4 - 0.41 * 245.8) / 0.84, DRY, MELTING),
    ],
)
def test_every_threshold_is_where_the_operational_codes_have_it(
    values: tuple[float, ...], channel: str, edge: float, below: SnowQuality, above: SnowQuality
) -> None:
    cell = dict(zip(CHANNELS, values, strict=True))
    assert quality(cell, **{channel: edge - 0.05}) is below
    assert quality(cell, **{channel: edge + 0.05}) is above


def test_without_22_and_91_ghz_snow_is_wet_above_257_kelvins() -> None:
    assert wet_snow([257.5, 257.5], [247.0, 247.0], [256.9, 257.1], [240.0, 240.0]).tolist() == [False, True]


def test_snow_of_the_plateau_is_false_above_2500_metres_and_below_a_ratio_of_1_03() -> None:
    assert [bool(tsutsui_koike_2012(243.2, 235.5, 227.2, height, 33.0, 90.0)) for height in (2499.0, 2501.0)] == [
        False, True,
    ]  # fmt: skip
    v91 = 235.5**2 / 243.2 / np.array([1.029, 1.031])
    assert tsutsui_koike_2012(243.2, 235.5, v91, 4500.0, 33.0, 90.0).tolist() == [True, False]


def test_smmr_skips_what_needs_22_and_91_ghz_and_says_so() -> None:
    screening = ng_2002([240.0, 240.0, np.nan], [230.0] * 3, [220.0, 239.0, 220.0], [210.0] * 3)
    assert screening.quality.tolist() == [SnowQuality.DRY_SNOW, SnowQuality.NO_SCATTERING, SnowQuality.NO_DATA]
    assert screening.skipped == (
        "water",
        "glacier",
        "desert",
        "warm desert",
        "warm rain",
        "heavy rain",
        "frozen ground",
        "cold rain",
        "plateau false snow",
    )


def test_a_sensor_that_lost_its_85_ghz_still_sees_warm_rain_and_ice_sheets() -> None:
    # F08 from 1988 to 1991.
    without_91 = {**DRY_SNOW, "tb_91v": None, "tb_91h": None}
    assert ng_2002(**without_91).skipped == (
        "water",
        "desert",
        "heavy rain",
        "frozen ground",
        "cold rain",
        "plateau false snow",
    )
    assert quality(without_91, tb_22v=265.0) is SnowQuality.RAIN
    assert quality(without_91, tb_22v=210.0) is SnowQuality.GLACIER


def test_nothing_is_skipped_where_everything_is_there() -> None:
    assert ng_2002(**DRY_SNOW, **PLATEAU, water_fraction=0.0).skipped == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    # Grody & Basist 1996: 258 K, the line 165 + 0.49 * 85V, 254 K with weak scattering, 210 and 229 K.
    [
        ({"tb_22v": 258.0}, SnowQuality.RAIN),
        ({"tb_22v": 253.3, "tb_91v": 180.0}, SnowQuality.RAIN),
        ({"tb_22v": 253.1, "tb_91v": 180.0}, SnowQuality.DRY_SNOW),
        ({"tb_22v": 254.0, "tb_91v": 252.0, "tb_37v": 238.5, "tb_19h": 235.0}, SnowQuality.RAIN),
        ({"tb_22v": 210.0}, SnowQuality.GLACIER),
        ({"tb_22v": 229.0, "tb_19h": 217.0}, SnowQuality.GLACIER),
        ({"tb_22v": 212.0}, SnowQuality.DRY_SNOW),
    ],
)
def test_the_published_tree_of_1996(changes: dict[str, float], reason: SnowQuality) -> None:
    cell = {**DRY_SNOW, **changes}
    assert grody_basist_1996(*(cell[name] for name in CHANNELS)).quality == reason


FROST = (249.3, 237.3, 248.0, 238.0, 248.4, 243.0, 236.0)


@pytest.mark.parametrize(
    ("values", "channel", "edge", "below", "above"),
    [
        (SAND, "tb_19h", 250 - 18, DESERT, DRY),
        (SAND, "tb_37v", 250 - 10, DRY, DESERT),
        (SAND, "tb_91v", 240 - 10, DRY, DESERT),
        (FROST, "tb_19h", 249.3 - 8, FROZEN, DRY),
        (FROST, "tb_22v", 243 + 6, FROZEN, DRY),
        (FROST, "tb_37v", 249.3 - 2, DRY, FROZEN),
        ((256.0, 252.0, 255.0, 250.0, 255.0, 0.0, 245.0), "tb_91v", 255 - 2, DRY, RAIN),
        (FIRN, "tb_22v", 229, GLACIER, DRY),
    ],
)
def test_the_thresholds_of_1996_are_without_the_offsets_of_2002(
    values: tuple[float, ...], channel: str, edge: float, below: SnowQuality, above: SnowQuality
) -> None:
    for tb, reason in ((edge - 0.05, below), (edge + 0.05, above)):
        cell = dict(zip(CHANNELS, values, strict=True)) | {channel: tb}
        assert grody_basist_1996(*cell.values()).quality == reason


def test_depth_is_kept_for_snow_nought_without_it_and_unknown_otherwise() -> None:
    codes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255]
    nan = np.nan
    expected = [0.3, 0.0, nan, 0.0, 0.0, nan, nan, 0.0, 0.3, nan, nan]
    np.testing.assert_array_equal(screened_depth(np.full(11, 0.3), codes), expected)


def test_the_quality_byte_is_a_byte_of_the_shape_of_the_scene() -> None:
    scene = {name: np.full((3, 4), value) for name, value in DRY_SNOW.items()}
    found = ng_2002(**scene).quality
    assert (found.shape, found.dtype) == ((3, 4), np.uint8)
