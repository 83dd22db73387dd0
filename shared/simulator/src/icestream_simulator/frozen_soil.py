"""Soil that is frozen or thawed, and what a radiometer sees of it: rows to fit and to test freeze/thaw rules on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_physics.soil_permittivity import frozen_soil, mironov_2009
from icestream_physics.tau_omega import fresnel, tau_omega, wang_choudhury_1981
from icestream_simulator.noise import generator
from icestream_simulator.radiometer import F13, F17, GCOM_W1, NIMBUS_7, Radiometer

FREEZING_K = 273.15
INCIDENCE = 55.0
"""Degrees."""

COLDEST_K, WARMEST_K = 245.0, 300.0
DRIEST, WETTEST = 0.05, 0.40
"""m3 m-3."""
LEAST_CLAY, MOST_CLAY = 5.0, 40.0
"""%."""
THICKEST_CANOPY = 0.5
"""Optical depth at nadir, alike at 19 and 37 GHz."""
ALBEDO = (0.05, 0.10)
"""Of single scattering; grassland, shrubland, barren."""
ROUGHNESS, MIXING = (1.0, 2.0), (0.1, 0.3)
"""H and Q: at 19 GHz and above every field is rough. With these the discriminant function of Zhao et al. 2011, which
was fitted on soils of another simulation, is right in nine of ten cases."""

SOILS = 8000
"""Of each sensor, to learn from."""
RADIOMETERS: Mapping[str, Radiometer] = {"smmr": NIMBUS_7, "ssmi": F13, "ssmis": F17, "amsr2": GCOM_W1}


class FrozenSoil(NamedTuple):
    """Places with soil, each drawn by itself.

    ground_temperature : K
    tb : brightness temperature by our channel, such as tb_37v, K, noise included
    """

    ground_temperature: NDArray[np.float64]
    tb: Mapping[str, NDArray[np.float64]]

    @property
    def frozen(self) -> NDArray[np.bool_]:
        return np.asarray(self.ground_temperature < FREEZING_K)


def frozen_soils(sensor: str, count: int, seed: int) -> FrozenSoil:
    """Return soils under thin vegetation, without snow, half of them frozen, as a sensor sees them.

    sensor : smmr, ssmi, ssmis or amsr2
    seed : another one draws other soils
    All water is frozen below 273.15 K but for a part of the bound water; soil and canopy have one temperature.
    """
    dice = generator(seed, "frozen soil", sensor)
    temperature = dice.uniform(COLDEST_K, WARMEST_K, count)
    moisture, clay = dice.uniform(DRIEST, WETTEST, count), dice.uniform(LEAST_CLAY, MOST_CLAY, count)
    unfrozen = dice.uniform(0.0, 1.0, count)
    depth, albedo = dice.uniform(0.0, THICKEST_CANOPY, count), dice.uniform(*ALBEDO, count)
    roughness, mixing = dice.uniform(*ROUGHNESS, count), dice.uniform(*MIXING, count)
    frozen = temperature < FREEZING_K
    radiometer = RADIOMETERS[sensor]
    tb: dict[str, NDArray[np.float64]] = {}
    for channel in radiometer.channels:
        if channel.frequency >= 40.0:
            continue
        permittivity = np.where(
            frozen,
            frozen_soil(moisture, clay, channel.frequency, unfrozen),
            mironov_2009(moisture, clay, channel.frequency),
        )
        rough = wang_choudhury_1981(fresnel(permittivity, INCIDENCE), mixing, roughness)
        seen = tau_omega(rough, temperature, temperature, depth, albedo, INCIDENCE)
        clear = seen.vertical if channel.polarisation == "V" else seen.horizontal
        tb[_name(channel.frequency, channel.polarisation)] = clear + radiometer.noise * dice.standard_normal(count)
    return FrozenSoil(temperature, tb)


def frozen_soil_rows(seed: int, progress: Callable[[int, int], None]) -> dict[str, NDArray[np.generic]]:
    """Return what every sensor sees of its own soils: `sensor`, brightness temperatures and `ground_temperature`, K."""
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("sensor", "tb_19h", "tb_19v", "tb_37v", "ground_temperature")
    }
    for done, sensor in enumerate(RADIOMETERS, start=1):
        soil = frozen_soils(sensor, SOILS, seed)
        parts["sensor"].append(np.full(SOILS, sensor, "<U12"))
        parts["ground_temperature"].append(soil.ground_temperature)
        for name in ("tb_19h", "tb_19v", "tb_37v"):
            parts[name].append(soil.tb[name])
        progress(done, len(RADIOMETERS))
    return {name: np.concatenate(columns) for name, columns in parts.items()}


def _name(frequency: float, polarisation: str) -> str:
    band = next(band for band, highest in (("19", 20.0), ("22", 30.0), ("37", 40.0)) if frequency < highest)
    return f"tb_{band}{polarisation.lower()}"
