"""What the freeze/thaw products make of soils of known state, and of fields whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from icestream_freeze_thaw.discriminants import discriminant
from icestream_freeze_thaw.lst_downscaling import hand_down
from icestream_freeze_thaw.sensors import BANDS
from icestream_freeze_thaw.thresholds import search
from icestream_physics.freeze_thaw import spectral_gradient, zhao_2011, zhao_2017
from icestream_simulator.frozen_soil import FrozenSoil, frozen_soils
from scores.card import Check

SOILS = 4000
LEARNED, OTHERS = 11, 12
"""Seeds: what is learned from, and what it is held against."""
FACTOR = 5
EMISSIVITY = ((0.970, 0.960), (0.953, 0.938))
"""Of frozen and of thawed ground, 36.5 GHz vertical and 18.7 GHz horizontal: medians of the soils by tau-omega near the
melting point."""


def _gradient(soil: FrozenSoil, sensor: str) -> np.ndarray:
    return spectral_gradient(soil.tb["tb_19v"], soil.tb["tb_37v"], *BANDS[sensor])


def _double_index(sensor: str) -> float:
    soil, other = (frozen_soils(sensor, SOILS, seed) for seed in (LEARNED, OTHERS))
    found = search(soil.tb["tb_37v"], _gradient(soil, sensor), soil.frozen)
    return float((found.frozen(other.tb["tb_37v"], _gradient(other, sensor)) == other.frozen).mean())


def _fitted_plane(sensor: str) -> float:
    soil, other = (frozen_soils(sensor, SOILS, seed) for seed in (LEARNED, OTHERS))
    found = discriminant(soil.tb["tb_19h"], soil.tb["tb_37v"], soil.frozen)
    return float((found.frozen(other.tb["tb_19h"], other.tb["tb_37v"]) == other.frozen).mean())


def _published(rule: Callable[..., np.ndarray]) -> float:
    soil = frozen_soils("amsr2", SOILS, OTHERS)
    return float(((rule(soil.tb["tb_19h"], soil.tb["tb_37v"]) > 0) == soil.frozen).mean())


def _agreement() -> float:
    soil = frozen_soils("amsr2", SOILS, OTHERS)
    functions, index = (rule(soil.tb["tb_19h"], soil.tb["tb_37v"]) > 0 for rule in (zhao_2011, zhao_2017))
    return float((functions == index).mean())


def _boundary() -> float:
    """Return the quasi-emissivity at which the discriminant functions cross at 260 K, less 0.963."""
    quasi = np.linspace(0.9, 1.0, 100_001)
    return float(np.interp(0.0, zhao_2011(quasi * 260.0, 260.0), quasi) - 0.963)


def _conserved() -> float:
    dice = np.random.default_rng(1)
    index = dice.normal(0.0, 8.0, (72, 144))
    kelvin = 270.0 + dice.normal(0.0, 9.0, (72 * FACTOR, 144 * FACTOR))
    kelvin[dice.random(kelvin.shape) < 0.4] = np.nan
    fine = hand_down(index, kelvin, FACTOR, wraps=True).fine
    return float(np.abs(_block_mean(fine) - index).max())


def _block_mean(fine: np.ndarray) -> np.ndarray:
    return fine.reshape(fine.shape[0] // FACTOR, FACTOR, fine.shape[1] // FACTOR, FACTOR).mean(axis=(1, 3))


def _contour() -> float:
    """Return how far from 0 degrees Celsius the surface is where its contour comes out, K, in the worst row."""
    soil = frozen_soils("amsr2", SOILS, LEARNED)
    rows, columns = 8, 40
    height = np.broadcast_to(np.linspace(0.0, 4000.0, columns * FACTOR), (rows * FACTOR, columns * FACTOR))
    kelvin = 283.0 - 6.5e-3 * height
    frozen = kelvin < 273.15
    vertical, horizontal = (_block_mean(np.where(frozen, *pair) * kelvin) for pair in EMISSIVITY)
    plane = discriminant(soil.tb["tb_19h"], soil.tb["tb_37v"], soil.frozen)
    found = hand_down(zhao_2017(horizontal, vertical, plane), kelvin, FACTOR).fine > 0
    edge = kelvin[np.arange(rows * FACTOR), np.argmax(found, axis=1)]
    return float(np.abs(edge - 273.15).max())


def _uniform() -> float:
    index = np.random.default_rng(2).normal(0.0, 4.0, (40, 60))
    fine = hand_down(index, np.full((200, 300), 271.0), FACTOR).fine
    return float(((fine > 0) == np.kron(index > 0, np.ones((FACTOR, FACTOR), bool))).mean())


S33, COARSE, FINE = "freeze-thaw-three-river-source", "freeze-thaw-global-025", "freeze-thaw-global-005"
DRAWN = f"{SOILS} soils by tau-omega that it was not learned from"
SENSORS = ("smmr", "ssmi", "ssmis", "amsr2")
CHECKS = (
    *(
        Check(
            S33, f"overall accuracy of the double index, {s}", DRAWN, partial(_double_index, s), 0.90, "1", "at least"
        )
        for s in SENSORS
    ),
    *(
        Check(
            COARSE,
            f"overall accuracy of the fitted plane, {s}",
            DRAWN,
            partial(_fitted_plane, s),
            0.90,
            "1",
            "at least",
        )
        for s in SENSORS
    ),
    Check(
        COARSE,
        "overall accuracy of the functions of 2011",
        f"{SOILS} soils by tau-omega, AMSR2",
        partial(_published, zhao_2011),
        0.90,
        "1",
        "at least",
    ),
    Check(
        COARSE,
        "overall accuracy of the index of 2017",
        f"{SOILS} soils by tau-omega, AMSR2",
        partial(_published, zhao_2017),
        0.90,
        "1",
        "at least",
    ),
    Check(COARSE, "functions and index agree", f"{SOILS} soils by tau-omega, AMSR2", _agreement, 0.96, "1", "at least"),
    Check(COARSE, "boundary of the functions at 260 K, off 0.963", "algebra", _boundary, 5e-4),
    Check(FINE, "coarse index kept, worst cell", "random fields, 40 % cloud", _conserved, 1e-6),
    Check(
        FINE,
        "surface at the contour of 0 degrees Celsius, off by",
        "a ramp of 4000 m, soils by tau-omega",
        _contour,
        1.0,
        "K",
    ),
    Check(FINE, "equal to the coarse state", "uniform temperature", _uniform, 1.0, "1", "at least"),
)
