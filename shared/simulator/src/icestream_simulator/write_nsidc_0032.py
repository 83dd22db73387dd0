"""Write NSIDC-0032 (SSM/I, SSMIS) and NSIDC-0071 (SMMR) granules: EASE-Grid v1, one file a channel and pass.

No header: uint16, little-endian, tenths of kelvin, row by row, nought where nothing was seen.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from icestream_core.grid import EASE_ML, EASE_NL, EASE_SL, Grid
from icestream_simulator.brightness import observe
from icestream_simulator.new_file import new_file
from icestream_simulator.orbit import HalfOrbits
from icestream_simulator.radiometer import Pass, Radiometer
from icestream_simulator.truth import Truth

GRIDS = {"ML": EASE_ML, "NL": EASE_NL, "SL": EASE_SL}
TENTHS = 10.0
MISSING = 0


class EaseGridWriter:
    """Writes one radiometer's days on one EASE-Grid.

    grid : "ML", "NL" or "SL"
    edition : another draw of the instrument's noise: a correction of the same granule
    """

    def __init__(self, truth: Truth, radiometer: Radiometer, grid: str, edition: int = 0) -> None:
        if grid not in GRIDS:
            raise ValueError(f"no EASE-Grid {grid!r}; there are {', '.join(GRIDS)}")
        self._truth, self._radiometer, self._grid, self._edition = truth, radiometer, grid, edition
        self._cells = truth.on(GRIDS[grid])
        self._orbits: dict[Pass, HalfOrbits] = {}

    @property
    def grid(self) -> Grid:
        return self._cells.grid

    def write(self, day: date, half_orbit: Pass, out: Path) -> list[Path]:
        """Write all channels of a day's pass and return their paths."""
        places = self._cells.places
        if half_orbit not in self._orbits:
            self._orbits[half_orbit] = HalfOrbits(self._radiometer, half_orbit, places.longitude, places.latitude)
        seen = np.flatnonzero(self._orbits[half_orbit].on(day).seen)
        state = self._truth.state(places, day, self._radiometer.local_hour(half_orbit)).at(seen)
        platform = self._radiometer.written or self._radiometer.platform
        stem = f"EASE-{platform}-{self._grid}{day:%Y%j}{half_orbit}{self._radiometer.suffix}"
        measured = observe(
            state, places.terrain.at(seen), self._radiometer, self._truth.seed, f"{stem} {self._edition}"
        )
        paths = []
        for label, brightness in measured.items():
            tenths = np.rint(brightness * TENTHS).astype("<u2")
            path = out / f"{stem}.{label}"
            with new_file(path) as hidden:
                hidden.write_bytes(self._cells.spread(tenths, MISSING, seen).tobytes())
            paths.append(path)
        return paths
