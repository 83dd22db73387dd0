"""The forward model: SMRT's numbers in the table, and a true case of every class for the screening tree."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.forward import (
    BANDS,
    CHE_RADIUS,
    Polarisation,
    Surface,
    forest_brightness_temperature,
    rain_brightness_temperature,
    snow_brightness_temperature,
    snowpack_brightness_temperature,
    surface_brightness_temperature,
)
from icestream_physics.snow_depth import che_2008_ssmi, foster_1997_forest
from icestream_physics.snow_screening import SnowQuality, ng_2002

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from icestream_physics.tables.generate import DEPTH, FREQUENCY, RADIUS, TEMPERATURE, snow_emissivity

SSMIS: tuple[tuple[float, Polarisation], ...] = (
    (19.35, "V"),
    (19.35, "H"),
    (37.0, "V"),
    (37.0, "H"),
    (22.235, "V"),
    (91.655, "V"),
    (91.655, "H"),
)
AMSR2: tuple[tuple[float, Polarisation], ...] = (
    (18.7, "V"),
    (18.7, "H"),
    (36.5, "V"),
    (36.5, "H"),
    (23.8, "V"),
    (89.0, "V"),
    (89.0, "H"),
)
SENSORS = pytest.mark.parametrize("sensor", [SSMIS, AMSR2], ids=["SSMIS", "AMSR2"])


def difference(depth: float, radius: float, temperature: float = 262.0) -> float:
    low, high = (snow_brightness_temperature(depth, radius, temperature, ghz, "H") for ghz in (18.7, 36.5))
    return float(low - high)


@pytest.mark.parametrize(("radius", "ladder"), [(0.20e-3, 2.1), (0.30e-3, 12.3), (0.40e-3, 29.0)])
def test_coarser_grains_climb_the_ladder(radius: float, ladder: float) -> None:
    # 18.7H - 36.5H of 30 cm, 250 kg m-3, 262 K, stickiness 0.2, soil permittivity 4 + 0.5i, 55 degrees: an SMRT run
    # whose soil roughness was not kept, hence the half kelvin.
    assert difference(0.30, radius) == pytest.approx(ladder, abs=0.5)


@pytest.mark.parametrize(
    ("temperature", "depth", "radius"), [(262.0, 0.30, 0.40e-3), (235.0, 0.05, 0.25e-3), (273.0, 0.0, 0.5e-3)]
)
def test_the_table_holds_what_smrt_gives(temperature: float, depth: float, radius: float) -> None:
    fresh = temperature * snow_emissivity(temperature, depth, radius)
    stored = [
        [float(snow_brightness_temperature(depth, radius, temperature, ghz, p)) for p in ("V", "H")]
        for ghz in FREQUENCY
    ]
    np.testing.assert_allclose(stored, fresh, atol=1e-3)


def test_between_its_nodes_the_table_is_near_smrt() -> None:
    temperature, depth, radius = 256.0, 0.25, 0.425e-3
    fresh = temperature * snow_emissivity(temperature, depth, radius)
    for row, ghz in enumerate(FREQUENCY):
        for column, polarisation in enumerate(("V", "H")):
            tabled = snow_brightness_temperature(depth, radius, temperature, ghz, polarisation)
            assert float(tabled) == pytest.approx(fresh[row, column], abs=1.5 if ghz < 40 else 3.5)


def test_every_channel_of_the_table_has_a_band() -> None:
    assert tuple(BANDS) == FREQUENCY


@given(st.floats(TEMPERATURE[0], TEMPERATURE[-1]), st.floats(DEPTH[1], 0.5), st.floats(0.3e-3, RADIUS[-1] - 0.02e-3))
def test_deeper_and_coarser_snow_scatters_more(temperature: float, depth: float, radius: float) -> None:
    here = difference(depth, radius, temperature)
    assert difference(depth + 0.05, radius, temperature) > here
    assert difference(depth, radius + 0.02e-3, temperature) > here


def test_che_returns_the_depth_of_snow_of_its_own_grain_size() -> None:
    depth = np.linspace(0.0, 0.4, 21)
    low, high = (snow_brightness_temperature(depth, CHE_RADIUS, 262.0, ghz, "H") for ghz in (19.35, 37.0))
    assert np.sqrt(np.mean((che_2008_ssmi(low, high) - depth) ** 2)) < 0.02


@SENSORS
@pytest.mark.parametrize("temperature", [245.0, 255.0, 262.0])
@pytest.mark.parametrize("depth", [0.05, 0.1, 0.2, 0.4, 0.6])
def test_a_natural_snowpack_passes_for_dry_snow(
    sensor: tuple[tuple[float, Polarisation], ...], temperature: float, depth: float
) -> None:
    tb = [snowpack_brightness_temperature(depth, CHE_RADIUS, temperature, *channel) for channel in sensor]
    assert ng_2002(*tb).quality == SnowQuality.DRY_SNOW


@SENSORS
@pytest.mark.parametrize(
    ("surface", "temperature", "reason"),
    [
        (Surface.FROZEN_GROUND, 250.0, SnowQuality.FROZEN_GROUND),
        (Surface.FROZEN_GROUND, 268.0, SnowQuality.FROZEN_GROUND),
        (Surface.PLATEAU_FROZEN_GROUND, 250.0, SnowQuality.PLATEAU_FALSE_SNOW),
        (Surface.PLATEAU_FROZEN_GROUND, 268.0, SnowQuality.PLATEAU_FALSE_SNOW),
        (Surface.DESERT, 250.0, SnowQuality.DESERT),
        (Surface.DESERT, 300.0, SnowQuality.DESERT),
        (Surface.VEGETATION, 265.0, SnowQuality.NO_SCATTERING),
        (Surface.VEGETATION, 300.0, SnowQuality.NO_SCATTERING),
        (Surface.WET_SNOW, 273.15, SnowQuality.WET_SNOW),
        (Surface.ICE_SHEET, 240.0, SnowQuality.GLACIER),
    ],
)
def test_every_surface_is_screened_for_its_own_reason(
    sensor: tuple[tuple[float, Polarisation], ...], surface: Surface, temperature: float, reason: SnowQuality
) -> None:
    tb = [surface_brightness_temperature(surface, temperature, *channel) for channel in sensor]
    assert ng_2002(*tb, elevation=4500.0, latitude=33.0, longitude=90.0).quality == reason


def test_deep_coarse_cold_snow_passes_for_glacier_as_in_east_siberia() -> None:
    tb = [snowpack_brightness_temperature(1.2, 0.5e-3, 240.0, *channel) for channel in SSMIS]
    assert ng_2002(*tb).quality == SnowQuality.GLACIER


@SENSORS
@pytest.mark.parametrize("depression", [15.0, 40.0, 80.0])
def test_rain_is_screened_as_rain(sensor: tuple[tuple[float, Polarisation], ...], depression: float) -> None:
    tb = [rain_brightness_temperature(287.0, depression, *channel) for channel in sensor]
    assert ng_2002(*tb).quality == SnowQuality.RAIN


def test_the_forest_term_gives_back_what_the_canopy_hides() -> None:
    open_snow = [snow_brightness_temperature(0.3, CHE_RADIUS, 260.0, ghz, "H") for ghz in (19.35, 37.0)]
    below_trees = [forest_brightness_temperature(tb, 0.6, 260.0) for tb in open_snow]
    assert che_2008_ssmi(*below_trees) < che_2008_ssmi(*open_snow)
    assert foster_1997_forest(che_2008_ssmi(*below_trees), 0.6) == pytest.approx(float(che_2008_ssmi(*open_snow)))


def test_a_channel_that_no_sensor_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no channel at 10\.65 GHz; there are 18\.0, 18\.7"):
        snow_brightness_temperature(0.3, 0.3e-3, 262.0, 10.65, "H")


def test_snow_outside_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"axis 1 of the table runs from 0 to 1\.5; found 2 to 2"):
        snow_brightness_temperature(2.0, 0.3e-3, 262.0, 37.0, "H")


def test_a_field_of_depths_gives_a_field_of_brightness_and_a_gap_stays_a_gap() -> None:
    depth = np.array([[0.0, 0.1], [np.nan, 0.5]])
    tb = snow_brightness_temperature(depth, 0.4e-3, 262.0, 37.0, "V")
    assert tb.shape == depth.shape
    np.testing.assert_array_equal(np.isnan(tb), np.isnan(depth))
