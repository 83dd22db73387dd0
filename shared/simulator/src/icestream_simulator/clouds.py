"""Clouds that drift with the wind: what Terra cannot see in the morning, Aqua may see in the afternoon."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.noise import FloatArray, LatticePoints, enlarge, lattice, mean, value_noise

OVERPASS_HOUR = {"Terra": 10.5, "Aqua": 13.5}
"""Local solar time of the daytime pass, hours."""
DRIFT_M_PER_DAY = 1.0e6
"""Eastward; about 12 m/s."""
SYSTEM_DAYS = 2
"""After so many days the large systems are others."""
WAVELENGTHS_M = (350_000.0, 90_000.0, 22_000.0)
WEIGHTS = (1.0, 0.7, 0.4)
SYSTEM_WEIGHT, HABIT_WEIGHT = 0.9, 0.9
"""Of the large systems, and of what makes some places cloudy week after week."""
CLEAR_BIAS = -0.3
"""Of the mean cloudiness: below nought, less than half of the sky is clear."""


def cloudy(
    seed: int,
    day: date,
    platform: str,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    nodes: LatticePoints,
    every: int,
    edition: int = 0,
) -> NDArray[np.bool_]:
    """Return the clouds over a regular sinusoidal grid at a satellite's pass, shape (len(y), len(x)).

    x, y : m
    nodes : the grid's corners and every so many cells between, for the large systems; shape (n + 1, m + 1)
    every : cells between two nodes
    edition : another judgement of the smallest clouds, as a later processing of the same scenes would make
    """
    moment = day.toordinal() + OVERPASS_HOUR[platform] / 24.0
    drift = DRIFT_M_PER_DAY * moment
    names = ("large cloud", "cloud", f"small cloud {edition}")
    noises = [value_noise(seed, n, (x - drift) / w, y / w) for n, w in zip(names, WAVELENGTHS_M, strict=True)]
    system = enlarge(_systems(seed, moment, nodes), every)
    habit = enlarge(nodes.sample(_habit(seed)), every)
    return np.asarray(mean([*noises, system, habit], [*WEIGHTS, SYSTEM_WEIGHT, HABIT_WEIGHT]) > CLEAR_BIAS)


def _systems(seed: int, moment: float, nodes: LatticePoints) -> FloatArray:
    step = int(moment // SYSTEM_DAYS)
    angle = 0.5 * np.pi * (moment / SYSTEM_DAYS - step)
    here, there = (_system(seed, number) for number in (step, step + 1))
    return nodes.sample(np.asarray(np.cos(angle) * here + np.sin(angle) * there, dtype=np.float32))


@lru_cache(maxsize=8)
def _system(seed: int, step: int) -> FloatArray:
    return lattice(seed, "cloud system", step, scale=5.0)


@lru_cache(maxsize=2)
def _habit(seed: int) -> FloatArray:
    return lattice(seed, "cloud habit", scale=5.0)
