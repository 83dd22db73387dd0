"""Make `snow_emissivity.npz`: the emissivity of dry snow on frozen soil, by SMRT (IBA, DORT).

Run by hand: `python -m icestream_physics.tables.generate` (about a minute). Needs `smrt`, a development dependency;
nothing imports this file.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from smrt import make_model, make_snowpack, make_soil
from smrt.inputs.sensor_list import passive

FREQUENCY = (18.0, 18.7, 19.35, 22.235, 23.8, 36.5, 37.0, 85.5, 89.0, 91.655)
"""GHz: the channels of SMMR, AMSR2, SSM/I and SSMIS."""
INCIDENCE = 55.0
"""Degrees. SSM/I looks at 53.1, AMSR2 at 55; the difference is ignored."""
TEMPERATURE = (235.0, 250.0, 262.0, 273.0)
"""K, of snow and soil alike."""
DEPTH = (0.0, 0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50, 0.60, 0.80, 1.00, 1.50)
"""m."""
RADIUS = (0.20e-3, 0.25e-3, 0.30e-3, 0.35e-3, 0.40e-3, 0.45e-3, 0.50e-3)
"""m."""
DENSITY = 250.0
"""kg m-3."""
STICKINESS = 0.2
"""Of sticky hard spheres."""
SOIL_PERMITTIVITY = complex(4.0, 0.5)
"""Frozen soil."""
SOIL_ROUGHNESS = 0.012
"""m, of the Wegmuller & Matzler (1999) soil; chosen so that the 30 cm ladder of the science notes comes out."""
AIR_DENSITY, AIR_THICKNESS = 0.5, 1e-3
"""kg m-3, m: a layer too thin to be seen stands for no snow, since SMRT wants one."""
GHZ = 1e9


def snow_emissivity(temperature: float, depth: float, radius: float) -> NDArray[np.float64]:
    """Return the brightness temperature over the physical one, shape (frequency, V and H).

    temperature : K
    depth       : m
    radius      : grain radius, m
    """
    soil = make_soil("soil_wegmuller", SOIL_PERMITTIVITY, temperature=temperature, roughness_rms=SOIL_ROUGHNESS)
    snow = make_snowpack(
        thickness=[depth if depth > 0 else AIR_THICKNESS],
        microstructure_model="sticky_hard_spheres",
        density=[DENSITY if depth > 0 else AIR_DENSITY],
        temperature=[temperature],
        radius=[radius],
        stickiness=[STICKINESS],
        substrate=soil,
    )
    result = make_model("iba", "dort").run(passive([f * GHZ for f in FREQUENCY], INCIDENCE), snow)
    return np.stack([np.asarray(result.TbV()), np.asarray(result.TbH())], axis=-1) / temperature


def main() -> None:
    """Run SMRT over all axes and write the table beside this file."""
    table = np.array([[[snow_emissivity(t, d, r) for r in RADIUS] for d in DEPTH] for t in TEMPERATURE])
    path = Path(__file__).with_name("snow_emissivity.npz")
    np.savez_compressed(
        path,
        emissivity=table.astype(np.float32),
        temperature=TEMPERATURE,
        depth=DEPTH,
        radius=RADIUS,
        frequency=FREQUENCY,
        made_by=f"python -m icestream_physics.tables.generate, smrt {version('smrt')}",
    )
    sys.stdout.write(f"{path}: {table.shape}, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
