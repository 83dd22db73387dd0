"""Opens a file of nsidc-0032 or nsidc-0071."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.grid import Grid
from icestream_readers.ease_format import CHANNELS, MISSING, TIME_MISSING, TIME_PART, TIME_VARIABLE, file_size
from icestream_readers.ease_grids import EASE_GRIDS
from icestream_readers.granule_file import is_packed, unpacked
from icestream_readers.kelvin import brightness_temperature, dataset, variable

_TENTH_K = 0.1
_DAY_MINUTES = 1440


def open_file(path: Path, granule: Granule) -> Opened:
    """Return one channel, such as `tb_19h` in K, or the `observation_time` in s since 00:00 UTC of the day.

    Compressed or not is seen from the file itself, whatever its name: the integers that would look like gzip's
    first two bytes are 3,561.5 K.
    Raises GranuleError where the file is not of the size of its grid, damaged or absurd.
    """
    grid = EASE_GRIDS.get(granule.tile)
    if grid is None:
        raise _refused(granule, f"is on the grid {granule.tile!r}; wanted one of {', '.join(EASE_GRIDS)}")
    band = CHANNELS.get(granule.sensor, {}).get(granule.part)
    if band is None and granule.part != TIME_PART:
        raise _refused(
            granule, f"is of the channel {granule.part!r}, which the sensor {granule.sensor!r} does not have"
        )
    counts = np.frombuffer(_body(path, granule, grid), dtype="<u2").reshape(grid.shape)
    if band is None:
        return Opened(dataset({TIME_VARIABLE: _time(counts.view("<i2"), granule)}, granule), grid)
    values = brightness_temperature(counts, counts == MISSING, _TENTH_K, granule)
    return Opened(dataset({band.variable: variable(values, band.variable, band.frequency)}, granule), grid)


def _time(minutes: NDArray[np.int16], granule: Granule) -> xr.Variable:
    seen = minutes != TIME_MISSING
    wrong = int(np.count_nonzero(seen & ((minutes < 0) | (minutes > _DAY_MINUTES))))
    if wrong:
        raise _refused(
            granule, f"holds {wrong} times that are no minute of a day; wanted 0 to {_DAY_MINUTES}: another scaling?"
        )
    seconds = np.where(seen, minutes.astype(np.float32) * np.float32(60), np.float32(np.nan))
    attributes = {"units": "s", "long_name": "time of observation since 00:00 UTC of the day"}
    return xr.Variable(("y", "x"), seconds, attributes)


def _body(path: Path, granule: Granule, grid: Grid) -> bytes:
    """Return the bytes of the array, never more than its grid has."""
    wanted, packed = file_size(grid), is_packed(path, granule)
    body = unpacked(path, granule, wanted)
    found = len(body) if packed else path.stat().st_size
    if found != wanted:
        raise _refused(granule, _wrong_size(granule, grid, found, packed))
    return body


def _wrong_size(granule: Granule, grid: Grid, found: int, packed: bool) -> str:
    wanted = file_size(grid)
    others = [name for name, other in EASE_GRIDS.items() if file_size(other) == found]
    if others:
        why = f"that is the size of the grid {' or '.join(others)}, so name and file do not belong together"
    elif found < wanted:
        why = "it is truncated: fetch it again"
    else:
        why = "it is no file of this format: fetch it again"
    size = f"more than {wanted}" if packed and found > wanted else f"{found}"
    unpacked = " unpacked" if packed else ""
    return (
        f"has {size} bytes{unpacked}; wanted {wanted}, {grid.width} columns by {grid.height} rows of 2 bytes "
        f"for the grid {granule.tile}; {why}"
    )


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
