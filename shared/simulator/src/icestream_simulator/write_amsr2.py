"""Write AMSR2 level-3 daily brightness temperature granules: HDF5, equirectangular, 0.25 degree, a file a frequency.

Written from the format's documentation and what public programs read: nobody gave us a real granule to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import lonlat
from icestream_simulator.brightness import observe
from icestream_simulator.new_file import new_file
from icestream_simulator.orbit import HalfOrbits
from icestream_simulator.radiometer import AMSR2_FREQUENCIES, GCOM_W1, Pass
from icestream_simulator.truth import Truth

STEP = 0.25
ROWS, COLUMNS = 720, 1440
SCALE = 0.01
"""K per count."""
NO_OBSERVATION = 65535
NO_TIME = -32768
VERSION = "2220220"


class Amsr2Writer:
    """Writes days of AMSR2.

    west : longitude of the first column's western edge, degrees: 0 or -180
    frequencies : as file names carry them: "18", "23", "36", "89"
    edition : another draw of the instrument's noise: a correction of the same granule
    """

    def __init__(
        self, truth: Truth, *, west: float = 0.0, frequencies: Sequence[str] | None = None, edition: int = 0
    ) -> None:
        chosen = tuple(AMSR2_FREQUENCIES) if frequencies is None else tuple(frequencies)
        unknown = set(chosen) - set(AMSR2_FREQUENCIES)
        if unknown:
            raise ValueError(f"AMSR2 frequencies {sorted(unknown)} are not simulated; {list(AMSR2_FREQUENCIES)} are")
        self._truth, self._frequencies, self._edition = truth, chosen, edition
        self._cells = truth.on(lonlat("amsr2-025", west, 90.0, STEP, COLUMNS, ROWS))
        self._orbits: dict[Pass, HalfOrbits] = {}

    def write(self, day: date, half_orbit: Pass, out: Path) -> list[Path]:
        """Write all frequencies of a day's pass and return their paths."""
        places = self._cells.places
        if half_orbit not in self._orbits:
            self._orbits[half_orbit] = HalfOrbits(GCOM_W1, half_orbit, places.longitude, places.latitude)
        swaths = self._orbits[half_orbit].on(day)
        seen = np.flatnonzero(swaths.seen)
        state = self._truth.state(places, day, GCOM_W1.local_hour(half_orbit)).at(seen)
        name = f"GW1AM2_{day:%Y%m%d}_{half_orbit} {self._edition}"
        labels = [frequency + polarisation for frequency in self._frequencies for polarisation in "HV"]
        measured = observe(state, places.terrain.at(seen), GCOM_W1, self._truth.seed, name, labels)
        minutes = self._cells.spread(swaths.minute[seen], NO_TIME, seen)
        paths = []
        for frequency in self._frequencies:
            counts = {
                polarisation: self._cells.spread(
                    np.rint(measured[frequency + polarisation] / np.float32(SCALE)).astype(np.uint16),
                    NO_OBSERVATION,
                    seen,
                )
                for polarisation in "HV"
            }
            path = out / f"GW1AM2_{day:%Y%m%d}_01D_EQM{half_orbit}_L3SGT{frequency}LA{VERSION}.h5"
            with new_file(path) as hidden:
                _write_hdf5(hidden, path.stem, day, half_orbit, counts, minutes)
            paths.append(path)
        return paths


def _write_hdf5(
    path: Path,
    granule_id: str,
    day: date,
    half_orbit: Pass,
    counts: Mapping[str, NDArray[np.generic]],
    minutes: NDArray[np.generic],
) -> None:
    begin = datetime.combine(day, time())
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "ProductName": ["AMSR2-L3"],
                "GeophysicalName": ["Brightness Temperature"],
                "GranuleID": [granule_id],
                "PlatformShortName": ["GCOM-W1"],
                "SensorShortName": ["AMSR2"],
                "OrbitDirection": ["Ascending" if half_orbit == "A" else "Descending"],
                "MapProjection": ["EQR"],
                "GridSize": [f"{STEP}deg"],
                "ObservationStartDateTime": [f"{begin:%Y-%m-%dT%H:%M:%S.000Z}"],
                "ObservationEndDateTime": [f"{begin + timedelta(days=1, seconds=-1):%Y-%m-%dT%H:%M:%S.999Z}"],
                "ProcessingCenter": ["icestream simulator"],
            }
        )
        for polarisation, values in counts.items():
            data = _dataset(file, f"Brightness Temperature ({polarisation})", values)
            data.attrs["SCALE FACTOR"] = np.array([SCALE], dtype=np.float32)
            data.attrs["UNIT"] = ["K"]
        _dataset(file, "Time Information", minutes).attrs["UNIT"] = ["minute"]


def _dataset(file: h5py.File, name: str, values: NDArray[np.generic]) -> h5py.Dataset:
    # The lowest level: what is simulated is noise, and noise does not shrink.
    return file.create_dataset(name, data=values, chunks=(90, COLUMNS), compression="gzip", compression_opts=1)
