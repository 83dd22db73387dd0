"""The freeze/thaw rules: what the papers' algebra says, tau-omega soils of known state, and a real day of F17."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.freeze_thaw import (
    Ground,
    grody_1991,
    grody_basist_1996_desert,
    jin_2009,
    jin_2015,
    quasi_emissivity,
    spectral_gradient,
    zhao_2011,
    zhao_2017,
)
from icestream_simulator.frozen_soil import frozen_soils

KELVIN = st.floats(180.0, 320.0)


@given(KELVIN, KELVIN)
def test_the_two_discriminant_functions_are_one_plane(tb_19h: float, tb_37v: float) -> None:
    # D_F - D_T, multiplied out by hand.
    assert float(zhao_2011(tb_19h, tb_37v)) == pytest.approx(5.36 * tb_19h / tb_37v - 0.08 * tb_37v + 15.64, abs=1e-9)


def test_index_and_functions_part_frozen_from_thawed_at_one_quasi_emissivity_at_260_kelvin() -> None:
    crossing = [
        float(np.interp(0.0, rule(quasi * 260.0, 260.0), quasi))
        for rule in (zhao_2011, zhao_2017)
        for quasi in [np.linspace(0.9, 1.0, 1001)]
    ]
    assert crossing == pytest.approx([0.963, 0.957], abs=5e-4)


def test_index_and_functions_agree_on_soils_of_known_state_and_are_right() -> None:
    soil = frozen_soils("amsr2", 4000, seed=7)
    functions, index = (rule(soil.tb["tb_19h"], soil.tb["tb_37v"]) > 0 for rule in (zhao_2011, zhao_2017))
    assert (functions == index).mean() > 0.965
    assert (functions == soil.frozen).mean() > 0.90
    assert (index == soil.frozen).mean() > 0.91


@given(KELVIN, KELVIN, st.floats(0.1, 20.0))
def test_colder_ground_has_a_greater_index(tb_19h: float, tb_37v: float, colder: float) -> None:
    quasi = float(quasi_emissivity(tb_19h, tb_37v))
    for rule in (zhao_2011, zhao_2017):
        assert rule(quasi * (tb_37v - colder), tb_37v - colder) > rule(quasi * tb_37v, tb_37v)


def test_the_gradient_is_kelvin_a_gigahertz() -> None:
    assert float(spectral_gradient(250.0, 241.175, 19.35, 37.0)) == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("gradient", "tb_37v", "state"),
    [
        (-0.2, 250.0, Ground.FROZEN),
        (0.4, 250.0, Ground.THAWED),
        (-0.2, 265.0, Ground.THAWED),
        (np.nan, 250.0, Ground.UNKNOWN),
        (-0.2, np.nan, Ground.UNKNOWN),
    ],
)
def test_the_double_index_wants_both_signs(gradient: float, tb_37v: float, state: Ground) -> None:
    assert jin_2015(gradient, tb_37v, 258.2, 0.0) == state


def test_sand_is_polarised_and_grows_no_darker_with_frequency() -> None:
    # The Taklamakan, Nagqu, and the Taklamakan under snow that scatters at 91 GHz; last a sensor without that channel.
    v19, h19, v37 = [261.2, 249.3, 261.2, 261.2], [224.2, 237.3, 224.2, 224.2], [261.7, 246.9, 255.0, 255.0]
    found = grody_basist_1996_desert(v19, h19, v37, [259.0, 239.6, 220.0, np.nan])
    assert found.tolist() == [True, False, False, True]


def test_sand_ends_at_18_kelvins_of_polarisation_and_10_of_darkening() -> None:
    sand = np.tile([[250.0], [230.0], [241.0], [235.0]], 6)
    sand[1, :2] = 250.0 - 18.05, 250.0 - 17.95
    sand[2, 2:4] = 250.0 - 9.95, 250.0 - 10.05
    sand[3, 4:] = 241.0 - 9.95, 241.0 - 10.05
    assert grody_basist_1996_desert(*sand).tolist() == [True, False] * 3


def test_what_does_not_scatter_has_no_scattering_index() -> None:
    # Amazonia of the real day below: 85 GHz as warm as the index expects. By hand: 450.2 - 0.506 * 285.4
    # - 1.874 * 283.9 + 0.00637 * 283.9 ** 2 - 283.1.
    assert float(grody_1991(285.4, 283.9, 283.1)) == pytest.approx(4.076, abs=1e-3)


def test_what_scatters_has_one() -> None:
    # By hand: 450.2 - 126.5 - 459.13 + 382.359 - 220.
    assert float(grody_1991(250.0, 245.0, 220.0)) == pytest.approx(26.929, abs=1e-3)


@pytest.mark.parametrize(
    ("tb", "state"),
    [
        ((249.3, 237.3, 248.4, 246.9, 239.6), Ground.FROZEN),
        ((272.7, 252.8, 273.2, 272.9, 260.0), Ground.DESERT),
        ((265.5, 255.9, 267.1, 267.9, 270.2), Ground.THAWED),
        ((275.0, 270.0, 272.0, 265.0, 220.0), Ground.PRECIPITATION),
        ((249.3, 237.3, np.nan, 246.9, 239.6), Ground.UNKNOWN),
    ],
)
def test_the_tree_knows_four_classes(tb: tuple[float, ...], state: Ground) -> None:
    assert jin_2009(*tb) == state


MILD = {"tb_19v": 262.0, "tb_19h": 258.0, "tb_22v": 262.0, "tb_37v": 260.0, "tb_85v": 262.0}


@pytest.mark.parametrize(
    ("cell", "channel", "edge", "below", "above"),
    [
        # Without scattering 85 GHz would see 450.2 - 0.506 * 262 - 1.874 * 262 + 0.00637 * 262 ** 2 = 263.902 K.
        (MILD, "tb_85v", 263.902 - 5.0, Ground.PRECIPITATION, Ground.THAWED),
        (MILD | {"tb_85v": 230.0}, "tb_22v", 258.0, Ground.THAWED, Ground.PRECIPITATION),
        (MILD | {"tb_85v": 180.0}, "tb_22v", 165.0 + 0.49 * 180.0, Ground.THAWED, Ground.PRECIPITATION),
        (MILD | {"tb_85v": 150.0}, "tb_22v", 165.0 + 0.49 * 150.0, Ground.THAWED, Ground.PRECIPITATION),
        (MILD | {"tb_22v": 255.0, "tb_85v": 245.0}, "tb_19h", 262.0 - 18.0, Ground.DESERT, Ground.THAWED),
        (MILD, "tb_37v", 252.0, Ground.FROZEN, Ground.THAWED),
    ],
)
def test_the_tree_branches_at_its_thresholds(
    cell: dict[str, float], channel: str, edge: float, below: Ground, above: Ground
) -> None:
    assert jin_2009(**cell | {channel: edge - 0.05}) == below
    assert jin_2009(**cell | {channel: edge + 0.05}) == above


PLACES = {
    "Yakutsk": (62.0, 129.7, True),
    "Nagqu": (31.5, 92.0, True),
    "western Siberia": (55.0, 70.0, True),
    "Golmud": (36.0, 95.0, True),
    "Madrid": (40.0, -4.0, False),
    "Amazonia": (3.0, -60.0, False),
    "Texas": (32.0, -99.0, False),
    "Sahara": (23.0, 15.0, False),
}
"""Latitude, longitude, and whether the ground is frozen on a morning of early February."""


@pytest.mark.parametrize("place", PLACES)
def test_on_a_real_day_places_are_as_the_season_has_them(granules: Path, place: str) -> None:
    latitude, longitude, frozen = PLACES[place]
    radius = 2.0 * 6_371_228.0 / 25_067.525 * np.sin(np.pi / 4 - np.radians(latitude) / 2)
    east = np.radians(longitude)
    cell = round(360 + radius * np.cos(east)), round(360 + radius * np.sin(east))
    tb = {}
    for channel in ("19H", "37V"):
        path = granules / "nsidc-0032" / f"EASE-F17-NL2014032D-V2.{channel}"
        tb[channel] = np.fromfile(path, "<u2").reshape(721, 721)[cell] / 10.0
    for rule in (zhao_2011, zhao_2017):
        assert bool(rule(tb["19H"], tb["37V"]) > 0) == frozen
