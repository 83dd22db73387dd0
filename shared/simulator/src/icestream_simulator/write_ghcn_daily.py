"""Write the records of simulated snow stations as GHCN-Daily has them: one CSV file a station."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from icestream_simulator.land_places import land_places
from icestream_simulator.new_file import new_file
from icestream_simulator.noise import generator
from icestream_simulator.truth import Truth

STATIONS = 60
GAUGE_M = 0.01
"""Standard deviation of a stake's reading."""
FAILED = 0.01
"""Share of readings that the data centre's checks have flagged: they are far off."""
HEADER = ("STATION", "DATE", "LATITUDE", "LONGITUDE", "ELEVATION", "NAME", "SNWD", "SNWD_ATTRIBUTES")


def write_stations(truth: Truth, days: Sequence[date], out: Path, count: int = STATIONS) -> list[Path]:
    """Write the snow depth of some days at stations on open northern land; returns a path a station.

    A reading is within a centimetre of the truth, but for some that are flagged as failed.
    """
    places = land_places(truth.seed, "snow stations", count, south=32.0, north=75.0, is_open=True)
    random = generator(truth.seed, "stakes", len(days))
    depth = np.stack([places.snowpack.depth(day) for day in days])
    read = np.round(1000.0 * np.maximum(depth + random.normal(0.0, GAUGE_M, depth.shape), 0.0)).astype(int)
    failed = random.uniform(size=depth.shape) < FAILED
    paths = []
    for number in range(count):
        station = f"XXM{number:08d}"
        place = places.latitude[number], places.longitude[number], places.terrain.elevation[number]
        fixed = [f"{place[0]:.4f}", f"{place[1]:.4f}", f"{place[2]:.1f}", f"SIMULATED {number}"]
        path = out / f"{station}.csv"
        with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            rows.writerow(HEADER)
            for when, value, bad in zip(days, read[:, number], failed[:, number], strict=True):
                told = value + 5000 if bad else value
                rows.writerow([station, when.isoformat(), *fixed, f"{told:5d}", ",K,S" if bad else ",,S"])
        paths.append(path)
    return paths
