"""Opens a file of amsr2-l3-tb."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import Grid
from icestream_readers.amsr2_l3_tb import DATASETS, ERROR, FREQUENCIES, GRIDS, POLAR, SCALE_FACTOR
from icestream_readers.granule_file import beginning
from icestream_readers.kelvin import brightness_temperature, dataset, variable

_HDF5 = b"\x89HDF\r\n\x1a\n"

# West, south, east, north of dry land whose cells half a world to the west or east are open Pacific.
_LAND_OVER_OCEAN = ((18.0, -29.0, 28.0, 28.0), (0.0, 18.0, 18.0, 28.0), (43.0, 19.0, 48.0, 28.0))
_FEWEST_CELLS = 100
_LEAST_CONTRAST_K = 10.0


def open_file(path: Path, granule: Granule) -> Opened:
    """Return both polarisations of one frequency, such as `tb_37h` and `tb_37v` in K, from 180 W to 180 E.

    Where the columns begin is seen from the data: at every frequency horizontally polarised land outshines ocean.
    Raises GranuleError where the file is not HDF5, lacks what it should have, is absurd, or does not tell where its
    columns begin.
    """
    if granule.tile in POLAR:
        raise _refused(
            granule,
            f"is on the polar grid {granule.tile}, which is not read yet; "
            f"send the equirectangular file (EQ) of the same day and pass",
        )
    if granule.tile not in GRIDS:
        raise _refused(granule, f"is on the grid {granule.tile!r}; wanted {' or '.join(GRIDS)}")
    if granule.part not in FREQUENCIES:
        raise _refused(granule, f"is of the frequency {granule.part!r}; wanted one of {', '.join(FREQUENCIES)}")
    grid, (band, frequency) = GRIDS[granule.tile], FREQUENCIES[granule.part]
    if beginning(path, granule, len(_HDF5)) != _HDF5:
        raise _refused(granule, "is no HDF5 file; fetch it again")
    try:
        with h5py.File(path, "r") as file:
            values = {polarisation: _read(file, name, grid, granule) for polarisation, name in DATASETS.items()}
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise _refused(
            granule, f"cannot be read as HDF5 ({error}); it is truncated or damaged: fetch it again"
        ) from error
    if _begins_at_greenwich(values["h"], grid, granule):
        values = {polarisation: np.roll(found, grid.width // 2, axis=1) for polarisation, found in values.items()}
    variables = {f"tb_{band}{p}": variable(found, f"tb_{band}{p}", frequency) for p, found in values.items()}
    return Opened(dataset(variables, granule), grid)


def _read(file: h5py.File, name: str, grid: Grid, granule: Granule) -> NDArray[np.float32]:
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise _refused(granule, f"has no dataset {name!r}; it has {', '.join(map(repr, islice(file, 20))) or 'none'}")
    if found.shape != grid.shape:
        raise _refused(granule, f"has {name!r} of shape {found.shape}; wanted {grid.shape} for {granule.tile}")
    if found.dtype.kind != "u" or found.dtype.itemsize != 2:
        raise _refused(granule, f"has {name!r} of type {found.dtype}; wanted uint16")
    kelvin = _scale_factor(found, name, granule)
    counts = found[...]
    # Nought is no value of the format; it is what HDF5 gives for chunks that were never written.
    return brightness_temperature(counts, (counts >= ERROR) | (counts == 0), kelvin, granule)


def _scale_factor(found: h5py.Dataset, name: str, granule: Granule) -> float:
    """Return the kelvin of one count."""
    if SCALE_FACTOR not in found.attrs:
        raise _refused(granule, f"has {name!r} without the attribute {SCALE_FACTOR!r}, so its unit is not known")
    written = np.ravel(found.attrs[SCALE_FACTOR])
    try:
        (kelvin,) = (float(value) for value in written)
    except (ValueError, TypeError):
        kelvin = float("nan")
    if not 0 < kelvin <= 1:
        raise _refused(granule, f"has {name!r} with {SCALE_FACTOR} {written!r}; wanted one number such as 0.01 K")
    return kelvin


def _begins_at_greenwich(horizontal: NDArray[np.float32], grid: Grid, granule: Granule) -> bool:
    """Whether the first column begins at 0 degrees east instead of 180 degrees west.

    A box of land, read as if the columns began at 0 degrees, lies half a world away in the Pacific if they do not.
    """
    if not np.isfinite(horizontal).any():
        return False
    step, half = grid.cell[0], grid.width // 2
    if_greenwich, if_dateline = [], []
    for west, south, east, north in _LAND_OVER_OCEAN:
        rows = horizontal[round((90 - north) / step) : round((90 - south) / step)]
        first, last = round(west / step), round(east / step)
        if_greenwich.append(rows[:, first:last].ravel())
        if_dateline.append(rows[:, first + half : last + half].ravel())
    here, there = (cells[np.isfinite(cells)] for cells in map(np.concatenate, (if_greenwich, if_dateline)))
    if min(here.size, there.size) >= _FEWEST_CELLS:
        contrast = float(np.median(here) - np.median(there))
        if abs(contrast) >= _LEAST_CONTRAST_K:
            return contrast > 0
    raise _refused(
        granule,
        f"does not tell where its columns begin: {here.size} and {there.size} cells seen over Africa and Arabia and "
        f"half a world away; wanted {_FEWEST_CELLS} of each and a contrast of {_LEAST_CONTRAST_K:g} K. "
        f"The day is too incomplete to be placed, or it is no global file",
    )


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
