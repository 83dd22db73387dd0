"""Make `wet_firn.npz`: the brightness temperature of firn with a wet layer on top, by SMRT (IBA, DORT).

Run by hand: `python -m icestream_physics.tables.generate_wet_firn` (some minutes). Needs `smrt`, a development
dependency; nothing imports this file.

The interface is flat, as of an ideal surface: in horizontal polarisation very wet firn reflects more than rough natural
firn would, so that beyond 1 % of water the table falls again. That makes no difference to a threshold on 19 GHz, which
is passed at 0.1 to 0.2 %; ratios of two frequencies, such as XPGR, must be checked on real granules.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from smrt import make_model, make_snowpack
from smrt.inputs.sensor_list import passive

from icestream_physics.tables.generate import FREQUENCY, GHZ, INCIDENCE, STICKINESS

WATER = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03)
"""Volume of liquid water over that of the wet layer."""
THICKNESS = (0.10, 10.0, 500.0)
"""m: the wet layer, and dry firn without end."""
DENSITY = (400.0, 400.0, 400.0)
"""kg m-3."""
RADIUS = (0.5e-3, 0.75e-3, 0.75e-3)
"""m, of sticky hard spheres; chosen so that dry firn shines at 194 K at 19 GHz H, as the ladder of the notes does."""
TEMPERATURE = (273.15, 260.0, 260.0)
"""K: SMRT wants wet layers to be at the melting point."""


def firn_brightness(water: float) -> NDArray[np.float64]:
    """Return the brightness temperature, K, shape (frequency, V and H).

    water : volume fraction in the upper layer
    """
    firn = make_snowpack(
        thickness=THICKNESS,
        microstructure_model="sticky_hard_spheres",
        density=DENSITY,
        temperature=TEMPERATURE,
        radius=RADIUS,
        stickiness=STICKINESS,
        volumetric_liquid_water=[water, 0.0, 0.0],
    )
    with warnings.catch_warnings():
        # It warns of what a denser firn than this would need.
        warnings.simplefilter("ignore")
        result = make_model("iba", "dort").run(passive([f * GHZ for f in FREQUENCY], INCIDENCE), firn)
    return np.stack([np.asarray(result.TbV()), np.asarray(result.TbH())], axis=-1)


def main() -> None:
    """Run SMRT over all water contents and write the table beside this file."""
    table = np.array([firn_brightness(water) for water in WATER])
    path = Path(__file__).with_name("wet_firn.npz")
    np.savez_compressed(
        path,
        brightness=table.astype(np.float32),
        water=WATER,
        frequency=FREQUENCY,
        made_by=f"python -m icestream_physics.tables.generate_wet_firn, smrt {version('smrt')}",
    )
    sys.stdout.write(f"{path}: {table.shape}, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
