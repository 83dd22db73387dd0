"""Opens a file of ground-temperature."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.granule_file import beginning
from icestream_readers.ground_temperature import COLUMNS, STATION

_HEADER = [STATION, *COLUMNS]


def open_file(path: Path, granule: Granule) -> Opened:
    """Return rows of `station`, `latitude`, `longitude` (degrees) and `ground_temperature` (K).

    Raises GranuleError where the header is another, or a line holds no number, or one that cannot be.
    """
    beginning(path, granule, 1)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(granule, f"is no table in UTF-8 ({error})") from error
    if lines[0] != _HEADER:
        raise _refused(granule, f"has the header {','.join(lines[0])!r}; wanted {','.join(_HEADER)!r}")
    rows = [_row(line, number, granule) for number, line in enumerate(lines[1:], start=2)]
    found = {STATION: ("row", np.array([line[0] for line in lines[1:]], dtype=np.str_))} | {
        name: ("row", np.array([row[place] for row in rows]), {"units": unit})
        for place, (name, (unit, _, _)) in enumerate(COLUMNS.items())
    }
    return Opened(xr.Dataset(found, attrs={"sensor": granule.sensor, "platform": granule.platform}), None)


def _row(line: list[str], number: int, granule: Granule) -> list[float]:
    try:
        _, *words = line
        values = [float(word) for word in words]
    except ValueError as error:
        raise _refused(granule, f"has no numbers in line {number} ({error})") from error
    if len(values) != len(COLUMNS):
        raise _refused(granule, f"has {len(line)} columns in line {number}; wanted {len(_HEADER)}")
    for value, (name, (unit, low, high)) in zip(values, COLUMNS.items(), strict=True):
        if not (math.isfinite(value) and low <= value <= high):
            raise _refused(granule, f"has {name} {value:g} {unit} in line {number}; wanted {low:g} to {high:g}")
    return values


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
