"""Opens a file of ease-loci-mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.ease_grids import EASE_GRIDS
from icestream_readers.ease_loci_mask import CLASSES, VARIABLE
from icestream_readers.granule_file import beginning


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `surface_class`, the codes of the file as they are, with their meanings.

    Raises GranuleError where the file is not of the size of its grid, or holds other codes.
    """
    grid = EASE_GRIDS[granule.tile]
    size = grid.width * grid.height
    body = beginning(path, granule, size + 1)
    if len(body) != size:
        found = f"{len(body)}" if len(body) < size else f"more than {size}"
        raise _refused(granule, f"has {found} bytes; wanted {size}, one a cell of {granule.tile}: fetch it again")
    codes = np.frombuffer(body, np.uint8).reshape(grid.shape)
    unknown = sorted(set(np.unique(codes).tolist()) - CLASSES.keys())
    if unknown:
        raise _refused(granule, f"holds classes that are not known: {', '.join(map(str, unknown))}")
    attributes = {
        "units": "1",
        "long_name": "class of the surface",
        "flag_values": np.array(list(CLASSES), dtype=np.uint8),
        "flag_meanings": " ".join(CLASSES.values()),
    }
    return Opened(xr.Dataset({VARIABLE: (("y", "x"), codes, attributes)}), grid)


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
