"""The HDF4-EOS file of a MODIS product: opening it, and seeing that it is where its name says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyhdf.error import HDF4Error
from pyhdf.SD import SD, SDC

from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import Grid
from icestream_readers.granule_file import beginning

_HDF4 = b"\x0e\x03\x13\x01"
_UPPER_LEFT = re.compile(r"UpperLeftPointMtrs=\(([-+0-9.eE]+),([-+0-9.eE]+)\)")
_PACKED_DEGREE = 1e6
"""HDF-EOS writes a degree of a geographic grid as degrees, minutes and seconds, three digits each."""


@contextmanager
def hdf4(path: Path, granule: Granule) -> Iterator[SD]:
    """Give the opened file; what the library says while it is read becomes a GranuleError."""
    if beginning(path, granule, len(_HDF4)) != _HDF4:
        raise GranuleError(f"{granule.granule_id} is no HDF4 file; fetch it again", granule.granule_id)
    try:
        file = SD(str(path), SDC.READ)
        try:
            yield file
        finally:
            file.end()
    except (HDF4Error, ValueError, TypeError, UnicodeDecodeError) as error:
        raise GranuleError(
            f"{granule.granule_id} cannot be read as HDF4 ({error}); it is truncated or damaged: fetch it again",
            granule.granule_id,
        ) from error


def check_corner(file: SD, grid: Grid, granule: Granule) -> None:
    """Compare the corner that the file states, where it states one, with the corner of the grid that its name tells."""
    stated = _UPPER_LEFT.search(str(file.attributes().get("StructMetadata.0", "")))
    if stated is None:
        return
    scale, unit = (_PACKED_DEGREE, "degrees") if grid.is_geographic else (1.0, "m")
    x, y = float(stated[1]) / scale, float(stated[2]) / scale
    west, _, _, north = grid.bounds
    if max(abs(x - west), abs(y - north)) > grid.cell[0]:
        place = f"the tile {granule.tile}" if granule.tile else "the globe"
        raise GranuleError(
            f"{granule.granule_id} says that it begins at x = {x:.0f}, y = {y:.0f} {unit}; wanted {west:.0f}, "
            f"{north:.0f} {unit} for {place}: name and file do not belong together",
            granule.granule_id,
        )
