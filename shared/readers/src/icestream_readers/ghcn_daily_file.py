"""Opening a station's file of GHCN-Daily, in the form of the data centre's `access` folder: a column an element.

    "STATION","DATE","LATITUDE","LONGITUDE","ELEVATION","NAME",...,"SNWD","SNWD_ATTRIBUTES",...
    "RSM00024959","2014-02-01","62.0167","129.7167","98.0","JAKUTSK, RS",...,"  320",",,S",...

Written from the format's documentation: there is no real file of it among our granules.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule

PLACE = ("LATITUDE", "LONGITUDE", "ELEVATION")
DEPTH, FLAGS = "SNWD", "SNWD_ATTRIBUTES"
UNKNOWN_ELEVATION = -999.0
WANTED = f"wanted columns STATION, DATE, {', '.join(PLACE)}, {DEPTH} and {FLAGS}"


def open_file(path: Path, granule: Granule) -> Opened:
    """Return the days with a snow depth that passed all checks of quality, on the dimension `row`.

    station, time : word, day
    latitude, longitude, elevation : degrees, m; NaN where the height is not known
    snow_depth : m
    Raises GranuleError where columns are missing or a value is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if lacking := {"STATION", "DATE", *PLACE, DEPTH, FLAGS} - set(table.fieldnames or ()):
                raise GranuleError(f"{path.name} lacks {', '.join(sorted(lacking))}; {WANTED}", granule.granule_id)
            # The attributes are measurement, quality and source flag; a quality flag says which check was failed.
            rows = [row for row in table if row[DEPTH].strip() and not (row[FLAGS] + ",,").split(",")[1].strip()]
        station = np.array([row["STATION"] for row in rows], dtype="<U11")
        time = np.array([row["DATE"] for row in rows], dtype="datetime64[ns]")
        latitude, longitude, elevation, depth = (
            np.array([row[name] for row in rows], dtype=np.float64) for name in (*PLACE, DEPTH)
        )
    except (UnicodeDecodeError, csv.Error, ValueError, AttributeError, TypeError) as error:
        raise GranuleError(f"{path.name} is no record of a station ({error}); {WANTED}", granule.granule_id) from error
    elevation[elevation <= UNKNOWN_ELEVATION] = np.nan
    return Opened(
        xr.Dataset(
            {
                "station": ("row", station),
                "time": ("row", time),
                "latitude": ("row", latitude, {"units": "degrees_north"}),
                "longitude": ("row", longitude, {"units": "degrees_east"}),
                "elevation": ("row", elevation, {"units": "m"}),
                "snow_depth": ("row", depth, {"units": "mm", "long_name": "snow depth"}),
            }
        ),
        None,
    )
