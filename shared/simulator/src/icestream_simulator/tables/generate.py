"""Make `geography.npz`: land fraction and elevation of the Earth at 1/6 degree.

Run by hand: `python -m icestream_simulator.tables.generate`. Needs `global-land-mask` and `pvlib`; nothing imports
this file. The table ships because the land mask alone takes a gigabyte of memory and six seconds to open.
"""

import sys
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 1080, 2160
"""1/6 degree, from 90 N and 180 W."""
ALTITUDE_STEP_M, ALTITUDE_OFFSET_M, ALTITUDE_NO_DATA = 28, -450, 255
"""pvlib's coding of its altitudes in one byte."""


def land_percentage() -> NDArray[np.uint8]:
    """Return the share of land, per cent, from the 1 km GLOBE mask, in which lakes are land."""
    with np.load(str(resources.files("global_land_mask") / "globe_combined_mask_compressed.npz")) as stored:
        ocean, latitude = stored["mask"], stored["lat"]
    if latitude[0] < latitude[-1]:
        ocean = ocean[::-1]
    blocks = ocean.reshape(ROWS, ocean.shape[0] // ROWS, COLUMNS, ocean.shape[1] // COLUMNS)
    return np.asarray(np.rint(100.0 * (1.0 - blocks.mean(axis=(1, 3)))), dtype=np.uint8)


def elevation() -> NDArray[np.int16]:
    """Return the mean elevation, m, from pvlib's altitude grid; nought where it has none."""
    with h5py.File(str(resources.files("pvlib") / "data" / "Altitude.h5")) as file:
        code = file["Altitude"][:]
    metres = np.where(code == ALTITUDE_NO_DATA, 0, code.astype(np.int32) * ALTITUDE_STEP_M + ALTITUDE_OFFSET_M)
    blocks = metres.reshape(ROWS, metres.shape[0] // ROWS, COLUMNS, metres.shape[1] // COLUMNS)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3))), dtype=np.int16)


def main() -> None:
    """Write the table beside this file."""
    path = Path(__file__).with_name("geography.npz")
    sources = f"global-land-mask {version('global-land-mask')}, pvlib {version('pvlib')}"
    np.savez_compressed(
        path,
        land=land_percentage(),
        elevation=elevation(),
        made_by=f"python -m icestream_simulator.tables.generate, {sources}",
    )
    sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
