"""Write `land.h5`, the land mask that this package ships: `python -m icestream_generation.land_table`, run by hand.

Needs the package global-land-mask (MIT licence), whose data are NOAA's GLOBE, in the public domain: 30 arc seconds,
lakes are land. The table has the mask itself, a bit a cell, and for each thinning how many of its cells are land, in
chunks, so that a window is read without the rest of the Earth.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import files, version
from pathlib import Path

import h5py
import numpy as np

from icestream_generation.library import LAND, LAND_CELLS_PER_DEGREE, LAND_THINNINGS

MASK = "globe_combined_mask_compressed.npz"
ROWS, COLUMNS = 180 * LAND_CELLS_PER_DEGREE, 360 * LAND_CELLS_PER_DEGREE
BAND = 120
"""Rows taken at a time: a multiple of every thinning."""


def land_bands(first: int = 0, last: int = ROWS) -> Iterator[np.ndarray]:
    """Give the mask from the north, True where there is land, in bands of BAND rows from `first` on."""
    (packed,) = (file.locate() for file in files("global-land-mask") or () if file.name == MASK)
    with zipfile.ZipFile(str(packed)) as archive, archive.open("mask.npy") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        for row in range(0, last, BAND):
            sea = np.frombuffer(stream.read(BAND * COLUMNS), np.bool_).reshape(BAND, COLUMNS)
            if row >= first:
                yield ~sea


def counted(band: np.ndarray, thin: int) -> np.ndarray:
    """Return what the table holds of a band: bits in bytes, or how many cells of each square are land."""
    if thin == 1:
        return np.packbits(band, axis=1)
    squares = band.reshape(BAND // thin, thin, COLUMNS // thin, thin)
    return np.asarray(squares.sum(axis=(1, 3), dtype=np.uint8))


def main() -> None:
    """Write the table beside this file."""
    path = Path(__file__).with_name(LAND)
    with h5py.File(path, "w") as file:
        file.attrs["made_by"] = f"{__spec__.name}, global-land-mask {version('global-land-mask')}"
        for thin in LAND_THINNINGS:
            shape = ROWS // thin, COLUMNS // (8 if thin == 1 else thin)
            file.create_dataset(str(thin), shape, np.uint8, chunks=(240, 240), compression="gzip", compression_opts=9)
        for number, band in enumerate(land_bands()):
            for thin in LAND_THINNINGS:
                height = BAND // thin
                file[str(thin)][number * height : (number + 1) * height] = counted(band, thin)
    sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
