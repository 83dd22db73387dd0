"""What the melt products make of a known truth."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from smrt import make_model, make_snowpack
from smrt.inputs.sensor_list import passive

from icestream_physics.melt_thresholds import M30_DELTA
from icestream_physics.sharpening import Blocks, aiazzi_2007
from icestream_physics.wet_firn import wet_firn_brightness_temperature
from plugins.melting_years import CELLS, images_of, run, run_radar, year_of
from scores.card import Check

Field = NDArray[np.float64]
SIDE, FINE = 40, 5
DRAWS = 10
COLD_FIRN = {
    "density": [315.0, 355.0],
    "temperature": [273.15, 225.5],
    "radius": [0.34e-3, 0.466e-3],
    "stickiness": 0.463,
}
"""The firn whose ladder is told as 194.8, 226.3, 239.7, 251.8 and 246.0 K with 0, 0.1, 0.2, 0.5 and 3 % of water in
10 cm: found by least squares, since nobody tells which it was. Colder than the firn of our tables by 35 K."""
NOISE_K, NOISE_ALBEDO = 0.6, 0.02


@cache
def _blocks() -> Blocks:
    place = (np.arange(SIDE * FINE) + 0.5) / FINE - 0.5
    row, column = (axis.ravel() for axis in np.meshgrid(place, place, indexing="ij"))
    return Blocks(column, row, np.ones(row.size), (SIDE, SIDE))


def _firn(seed: int) -> tuple[Field, Field, Field]:
    """Return excess over winter, K, the same at 25 km with noise, and albedo with noise: wet squares among dry ones."""
    random = np.random.default_rng(seed)
    row, column = np.meshgrid(np.arange(SIDE * FINE), np.arange(SIDE * FINE), indexing="ij")
    wet = (row // 3 + column // 3) % 2 * np.clip(1.5 - 2.0 * row / row.max(), 0.0, 1.0)
    excess = (15.0 + 40.0 * wet).ravel()
    band = _blocks().mean(excess) + random.normal(0.0, NOISE_K, (SIDE, SIDE))
    albedo = 0.82 - 0.25 * wet.ravel() + random.normal(0.0, NOISE_ALBEDO, excess.size)
    return excess, band, albedo


def _rmse_over_interpolated() -> float:
    ratios = []
    for seed in range(DRAWS):
        excess, band, albedo = _firn(seed)
        sharp, plain = aiazzi_2007(band, albedo, _blocks()), _blocks().bilinear(band)
        ratios.append(np.sqrt(np.mean((sharp - excess) ** 2) / np.mean((plain - excess) ** 2)))
    return float(max(ratios))


def _mean_moved() -> float:
    moved = []
    for seed in range(DRAWS):
        _, band, albedo = _firn(seed)
        moved.append(np.abs(_blocks().mean(aiazzi_2007(band, albedo, _blocks())) - band).max())
    return float(max(moved))


def _changed_by_a_uniform_albedo() -> float:
    _, band, albedo = _firn(0)
    uniform, none = (aiazzi_2007(band, pan, _blocks()) for pan in (np.full(albedo.size, 0.8), None))
    return float(np.abs(uniform - none).max())


def _area_differs() -> float:
    """Return how much the melt area at 0.05 degree differs from that at 25 km, of a front that albedo only roughens."""
    shares = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        row, column = np.meshgrid(np.arange(SIDE * FINE), np.arange(SIDE * FINE), indexing="ij")
        spots = 3.0 * np.sin(row * 0.9) * np.sin(column * 0.7)
        excess = np.clip(55.0 - 0.25 * row + spots, 0.0, 60.0).ravel()
        band = _blocks().mean(excess) + random.normal(0.0, NOISE_K, (SIDE, SIDE))
        albedo = 0.83 - excess / 200.0
        fine = aiazzi_2007(band, albedo, _blocks()) >= M30_DELTA
        shares.append(fine.mean() / (band >= M30_DELTA).mean() - 1.0)
    return float(np.abs(shares).max())


def _water_at_threshold() -> float:
    water = np.linspace(0.0, 0.005, 501)
    rise = wet_firn_brightness_temperature(water, 19.35, "H") - wet_firn_brightness_temperature(0.0, 19.35, "H")
    return float(100.0 * water[np.argmax(rise >= M30_DELTA)])


def _rise_of_cold_firn() -> float:
    """Return by how much 0.1 % of water brightens firn by SMRT at 19 GHz H, less the 31.5 K that is told of it, K."""
    model = make_model("iba", "dort")
    dry, wet = (
        float(
            model.run(
                passive(19e9, 55),
                make_snowpack(
                    thickness=[0.1, 1000.0],
                    microstructure_model="sticky_hard_spheres",
                    volumetric_liquid_water=[water, 0.0],
                    **COLD_FIRN,
                ),
            ).TbH()
        )
        for water in (0.0, 0.001)
    )
    return wet - dry - 31.5


def _onset_days_off() -> float:
    onset = np.random.default_rng(1).integers(60, 180, CELLS)
    return float(np.abs(run(year_of(onset))["onset"] - onset).max())


def _radar_onset_days_off() -> float:
    onset = np.random.default_rng(1).integers(60, 180, CELLS)
    return float(np.abs(run_radar(images_of(onset))["onset"] - onset).max())


CHECKERBOARD = f"wet squares among dry ones, {NOISE_K:g} K and {NOISE_ALBEDO:g} of noise, {DRAWS} draws"
GREENLAND, ANTARCTICA = "surface-melt-greenland", "surface-melt-antarctica"
CHECKS = (
    Check(GREENLAND, "error over that of interpolation, worst draw", CHECKERBOARD, _rmse_over_interpolated, 0.6),
    Check(GREENLAND, "mean over 25 km moved by sharpening, worst cell", CHECKERBOARD, _mean_moved, 1e-6, "K"),
    Check(
        GREENLAND, "change by a uniform albedo, worst cell", "a uniform albedo", _changed_by_a_uniform_albedo, 1e-6, "K"
    ),
    Check(GREENLAND, "melt area against that of 25 km, worst draw", "a front with spots", _area_differs, 0.05),
    Check(
        "melt-onset-high-asia",
        "onset of melt, days off, worst cell",
        f"{CELLS} years made by hand, 0.6 K of noise",
        _onset_days_off,
        2.0,
        "d",
    ),
    Check(
        "melt-onset-quikscat",
        "onset of melt, days off, worst cell",
        f"{CELLS} years made by hand, of images of 4 days with 0.6 dB of noise",
        _radar_onset_days_off,
        2.0,
        "d",
    ),
    Check(
        ANTARCTICA,
        "rise at 19H by 0.1 % of water, off 31.5 K",
        "SMRT firn of 225 K, fitted to the ladder of the literature",
        _rise_of_cold_firn,
        0.5,
        "K",
    ),
    Check(ANTARCTICA, "water that 30 K at 19H detects", "SMRT firn", _water_at_threshold, 0.2, "%"),
)
