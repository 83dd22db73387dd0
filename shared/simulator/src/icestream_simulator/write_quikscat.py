"""Write QuikSCAT's enhanced images: four days, one region, one beam and pass, in Brigham Young University's SIR format.

The regions' own sizes were not to be had, so theirs are ours; a reader takes the size from the header.
"""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid
from icestream_simulator.ku_backscatter import FREQUENCY_GHZ, backscatter
from icestream_simulator.new_file import new_file
from icestream_simulator.noise import FloatArray, generator
from icestream_simulator.places import Places, cell_centres
from icestream_simulator.radiometer import Pass
from icestream_simulator.surface_temperature import Box
from icestream_simulator.truth import Truth

FIRST_IMAGE, LAST_DAY = date(1999, 7, 20), date(2009, 11, 23)
IMAGE_DAYS: Final = 4
INCIDENCE: Final = {"h": 46.0, "v": 54.1}
"""Degrees, by polarisation: the inner and the outer beam."""
LOCAL_HOUR: Final[dict[Pass, float]] = {"A": 6.0, "D": 18.0}
NOISE_DB: Final = 0.3
CELL_M: Final = 4450
OFFSET_DB, STEPS_A_DB, NO_DATA_DB = -33, 1000, -33.0
LEAST: Final = 32_767
BLOCK: Final = 512
VERSION_3, LAMBERT_LOCAL, SIGMA_NOUGHT, SHORT = 30, 2, 1, 2
HORIZONTAL, VERTICAL = 1, 2
WGS72_RADIUS_M, WGS72_SHORT = 6_378_135.0, 1.0 - 1.0 / 298.26
"""The ellipsoid, and its smaller axis as a share of the larger: its local radius is that of the projection's sphere."""


class Region(NamedTuple):
    """longitude, latitude : of the centre, degrees. west, south : edges, km. number : in the producers' list"""

    number: int
    longitude: int
    latitude: int
    west: int
    south: int
    columns: int
    rows: int


REGIONS: Final = {
    "ChJ": Region(212, 105, 40, -4560, -1750, 2050, 960),
    "Grn": Region(202, -42, 72, -1780, -1480, 800, 655),
}


class QuikscatWriter:
    """Writes images of one region.

    box : west, south, east, north, degrees: outside of it nothing is seen
    edition : another draw of the noise
    """

    def __init__(self, truth: Truth, region: str, box: Box, edition: int = 0) -> None:
        if region not in REGIONS:
            raise ValueError(f"no region {region!r} of quikscat is simulated; there are {', '.join(REGIONS)}")
        self._truth, self._region, self._edition = truth, region, edition
        self.grid = _grid(region)
        longitude, latitude = cell_centres(self.grid)
        west, south, east, north = box
        inside = (longitude >= west) & (longitude < east) & (latitude >= south) & (latitude < north)
        self._seen = np.flatnonzero(inside)
        if not self._seen.size:
            raise ValueError(f"nothing of the region {region} lies within {box}")
        self._places = Places(truth.seed, longitude.ravel()[self._seen], latitude.ravel()[self._seen])

    def write(self, first: date, half_orbit: Pass, out: Path) -> list[Path]:
        """Write both beams of four days' passes, the power's mean, and return their paths."""
        last = first + timedelta(days=IMAGE_DAYS - 1)
        paths = []
        for polarisation, incidence in INCIDENCE.items():
            beam = f"q{half_orbit.lower()}e{polarisation}"
            path = out / f"{beam}-a-{self._region}{first:%y}-{first:%j}-{last:%j}.sir.gz"
            noise = generator(self._truth.seed, path.name, self._edition).standard_normal(self._seen.size, np.float32)
            values = self._mean(first, half_orbit, incidence) + NOISE_DB * noise
            head = _header(REGIONS[self._region], polarisation, first, half_orbit)
            with new_file(path) as hidden:
                # Without its time, so that the same world gives the same bytes.
                hidden.write_bytes(gzip.compress(head + self._image(values), compresslevel=1, mtime=0))
            paths.append(path)
        return paths

    def _mean(self, first: date, half_orbit: Pass, incidence: float) -> FloatArray:
        power = np.zeros(self._seen.size)
        for number in range(IMAGE_DAYS):
            state = self._truth.state(self._places, first + timedelta(days=number), LOCAL_HOUR[half_orbit])
            power += 10.0 ** (backscatter(state, self._places.terrain, incidence) / 10.0)
        return np.asarray(10.0 * np.log10(power / IMAGE_DAYS), np.float32)

    def _image(self, values: NDArray[np.floating]) -> bytes:
        stored = np.full(self.grid.width * self.grid.height, _stored(NO_DATA_DB), ">i2")
        stored[self._seen] = np.clip(np.rint((values - OFFSET_DB) * STEPS_A_DB) - LEAST, -LEAST, LEAST)
        body = stored.reshape(self.grid.shape)[::-1].tobytes()
        return body + bytes(-len(body) % BLOCK)


def images_of(start: date, end: date) -> list[date]:
    """Return the first days of the images that touch the days; they follow one another from 20 July 1999."""
    first = start - timedelta(days=(start - FIRST_IMAGE).days % IMAGE_DAYS)
    found = [first + timedelta(days=number) for number in range(0, (end - first).days + 1, IMAGE_DAYS)]
    if first < FIRST_IMAGE or found[-1] + timedelta(days=IMAGE_DAYS - 1) > LAST_DAY:
        raise ValueError(f"QuikSCAT measured from {FIRST_IMAGE} to {LAST_DAY}; asked for {start} to {end}")
    return found


def _grid(name: str) -> Grid:
    region = REGIONS[name]
    angle = np.radians(region.latitude)
    radius = WGS72_RADIUS_M * WGS72_SHORT / np.hypot(WGS72_SHORT * np.cos(angle), np.sin(angle))
    north = 1000.0 * region.south + CELL_M * region.rows
    return Grid(
        name=f"quikscat-{name.lower()}-egg",
        crs=f"+proj=laea +lat_0={region.latitude} +lon_0={region.longitude} +R={radius:.3f} +units=m +no_defs",
        width=region.columns,
        height=region.rows,
        transform=(CELL_M, 0.0, 1000.0 * region.west, 0.0, -CELL_M, north),
    )


def _stored(decibel: float) -> int:
    return round((decibel - OFFSET_DB) * STEPS_A_DB) - LEAST


def _header(region: Region, polarisation: str, first: date, half_orbit: Pass) -> bytes:
    """Return a header of version 3, 512 bytes."""
    last = first + timedelta(days=IMAGE_DAYS - 1)
    number = np.zeros(BLOCK // 2, ">i2")
    number[:19] = (
        region.columns, region.rows, region.longitude * 10, region.latitude * 10, VERSION_3, CELL_M, CELL_M,
        region.west, region.south, OFFSET_DB, STEPS_A_DB, first.year, first.timetuple().tm_yday, 0,
        last.timetuple().tm_yday, 1439, LAMBERT_LOCAL, region.number, SIGMA_NOUGHT,
    )  # fmt: skip
    number[39], number[40] = 1000, 1
    number[44] = HORIZONTAL if polarisation == "h" else VERTICAL
    number[45], number[47] = round(FREQUENCY_GHZ * 10), SHORT
    number[48:51] = _stored(NO_DATA_DB), _stored(-32.0), _stored(0.0)
    number[168], number[255] = 10, 1
    for start, length, text in (
        (19, 20, "QuikSCAT SeaWinds"),
        (57, 69, f"A image, egg, {'ascending' if half_orbit == 'A' else 'descending'}"),
        (128, 40, f"simulated {first:%Y-%j}"),
        (191, 49, "icestream simulator"),
    ):
        number[start : start + length] = _words(text, length)
    return number.tobytes()


def _words(text: str, length: int) -> NDArray[np.int16]:
    """Return text as the format packs it: two characters an integer, the first in its low byte."""
    return np.frombuffer(text.encode("ascii").ljust(2 * length, b"\x00")[: 2 * length], "<i2")
