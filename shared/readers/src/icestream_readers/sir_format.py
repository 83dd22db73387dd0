"""The BYU-MERS "SIR" image format: a header of 256 big-endian integers, perhaps more blocks, then the image.

Written from the producers' description of the header's version 3 and of the transformations. Read are images in
Lambert's azimuthal equal-area and in polar stereographic projection, the ones that QuikSCAT's regions come in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from icestream_core.grid import Grid

BLOCK: Final = 512
SIGMA_NOUGHT: Final = 1
LAMBERT, LAMBERT_LOCAL, POLAR = 1, 2, 5
PROJECTIONS: Final = {LAMBERT: "Lambert", LAMBERT_LOCAL: "Lambert, local radius", POLAR: "polar stereographic"}
VERSION_3: Final = 30
MOST_BLOCKS: Final = 64
WIDEST: Final = 10_000
"""Columns or rows."""
SMALLEST_CELL_KM, LARGEST_CELL_KM = 0.5, 100.0
FARTHEST_KM: Final = 20_000.0

LAMBERT_RADIUS_M: Final = 6_378_000.0
WGS72_RADIUS_M, WGS72_FLATTENING = 6_378_135.0, 1.0 / 298.26
POLAR_RADIUS_M, POLAR_ECCENTRICITY_SQUARED = 6_378_273.0, 0.006693883

STORED: Final[Mapping[int, np.dtype[Any]]] = {1: np.dtype("i1"), 2: np.dtype(">i2"), 4: np.dtype(">f4")}
LEAST_STORED: Final = {1: 128, 2: 32_767, 4: 0}
"""What is added to a stored integer before it is scaled."""
FLOAT_NO_DATA: Final = 51 * 2
"""Byte at which the no-data value of a floating-point image stands."""


class NotSir(ValueError):
    """The bytes are no image of the kinds that are read here; says what was found and what was wanted."""


@dataclass(frozen=True, slots=True)
class Header:
    """What of the header is of use.

    blocks : of 512 bytes, before the image
    x_reference, y_reference : degrees: centre, or for a polar image its upright meridian and true latitude
    cell_x, cell_y : km
    west, south : edges of the image in its projection, km
    offset, scale : value = (stored + least) / scale + offset
    no_data : as stored
    kind, polarisation, year, first_day : 0 where the header does not say
    """

    width: int
    height: int
    blocks: int
    projection: int
    x_reference: float
    y_reference: float
    cell_x: float
    cell_y: float
    west: float
    south: float
    data_type: int
    offset: int
    scale: int
    no_data: float
    kind: int
    polarisation: int
    year: int
    first_day: int

    @property
    def stored(self) -> np.dtype[Any]:
        return STORED[self.data_type]

    def decoded(self, image: NDArray[np.generic]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return values, and where there is none."""
        if self.data_type == max(STORED):
            values = image.astype(np.float32)
            return values, ~np.isfinite(values) | (values == np.float32(self.no_data))
        least = LEAST_STORED[self.data_type]
        values = ((image.astype(np.float64) + least) / self.scale + self.offset).astype(np.float32)
        return values, image == int(self.no_data)


def read_header(body: bytes) -> Header:
    """Return the header of an image.

    Raises NotSir where the bytes are no header, or one of a projection, storage or size that is not read.
    """
    if len(body) < BLOCK:
        raise NotSir(f"it has {len(body)} bytes; wanted a header of {BLOCK}")
    number = np.frombuffer(body, ">i2", BLOCK // 2).tolist()
    version, projection = number[4], number[16]
    if projection not in PROJECTIONS:
        known = ", ".join(f"{code} {name}" for code, name in PROJECTIONS.items())
        raise NotSir(f"its projection is {projection}; read are {known}")
    data_type = number[47] or 2
    if data_type not in STORED:
        raise NotSir(f"its data type is {data_type}; wanted {', '.join(map(str, STORED))}")
    width, height, blocks = number[0], number[1], (number[40] or 1) if version >= 20 else 1
    if not (0 < width <= WIDEST and 0 < height <= WIDEST and 0 < blocks <= MOST_BLOCKS):
        raise NotSir(
            f"it says {width} columns, {height} rows and {blocks} blocks; wanted 1 to {WIDEST} and {MOST_BLOCKS}"
        )
    polar = projection == POLAR
    # What version 2 leaves unsaid is fixed by the projection.
    degree_scale, cell_scale, origin_scale = 100, 100 if polar else 1000, 1
    x_off, y_off, west_off, south_off = (-100 if polar else 0), 0, 0, 0
    if version >= VERSION_3:
        cell_scale, x_off, y_off, degree_scale = number[39], number[126], number[127], number[168]
        west_off, south_off, origin_scale = number[189], number[240], number[255]
    if min(cell_scale, degree_scale, origin_scale) <= 0:
        raise NotSir(f"it scales by {cell_scale}, {degree_scale} and {origin_scale}; wanted more than nought")
    no_data = float(np.frombuffer(body, ">f4", 1, FLOAT_NO_DATA)[0]) if data_type == max(STORED) else number[48]
    return Header(
        width=width,
        height=height,
        blocks=blocks,
        projection=projection,
        x_reference=number[2] / degree_scale - x_off,
        y_reference=number[3] / degree_scale - y_off,
        cell_x=number[5] / cell_scale,
        cell_y=number[6] / cell_scale,
        west=number[7] / origin_scale - west_off,
        south=number[8] / origin_scale - south_off,
        data_type=data_type,
        offset=number[9],
        scale=number[10] or 1,
        no_data=no_data,
        kind=number[18],
        polarisation=number[44],
        year=number[11],
        first_day=number[12],
    )


def grid_of(header: Header, name: str) -> Grid:
    """Return where the cells are; raises NotSir where that cannot be on Earth."""
    cells, origin = (header.cell_x, header.cell_y), (header.west, header.south)
    if not all(SMALLEST_CELL_KM <= cell <= LARGEST_CELL_KM for cell in cells):
        raise NotSir(f"its cells are {cells[0]:g} by {cells[1]:g} km; wanted {SMALLEST_CELL_KM} to {LARGEST_CELL_KM:g}")
    if not all(abs(edge) <= FARTHEST_KM for edge in origin):
        raise NotSir(f"it begins at {origin[0]:g}, {origin[1]:g} km; wanted at most {FARTHEST_KM:g} from its centre")
    longitude, latitude = header.x_reference, header.y_reference
    if not (-360.0 <= longitude <= 360.0 and -90.0 <= latitude <= 90.0):
        raise NotSir(f"its reference is {longitude:g} degrees east, {latitude:g} north")
    north = header.south + header.height * header.cell_y
    return Grid(
        name=name,
        crs=_crs(header.projection, longitude, latitude),
        width=header.width,
        height=header.height,
        transform=(cells[0] * 1000.0, 0.0, origin[0] * 1000.0, 0.0, -cells[1] * 1000.0, north * 1000.0),
    )


def _crs(projection: int, longitude: float, latitude: float) -> str:
    if projection == POLAR:
        pole = math.copysign(90.0, latitude)
        return (
            f"+proj=stere +lat_0={pole:g} +lat_ts={latitude:.10g} +lon_0={longitude:.10g} +a={POLAR_RADIUS_M:.10g} "
            f"+es={POLAR_ECCENTRICITY_SQUARED:.10g} +units=m +no_defs"
        )
    radius = LAMBERT_RADIUS_M if projection == LAMBERT else local_radius(latitude)
    return f"+proj=laea +lat_0={latitude:.10g} +lon_0={longitude:.10g} +R={radius:.10g} +units=m +no_defs"


def local_radius(latitude: float) -> float:
    """Return the distance of the ellipsoid WGS 72 from the Earth's centre, m. latitude : geocentric, degrees"""
    short, angle = 1.0 - WGS72_FLATTENING, math.radians(latitude)
    return WGS72_RADIUS_M * short / math.sqrt((short * math.cos(angle)) ** 2 + math.sin(angle) ** 2)
