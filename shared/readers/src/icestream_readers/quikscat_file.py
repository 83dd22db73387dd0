"""Opens a file of quikscat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.granule_file import beginning, unpacked
from icestream_readers.quikscat import FREQUENCY_GHZ, INCIDENCE
from icestream_readers.sir_format import BLOCK, SIGMA_NOUGHT, Header, NotSir, grid_of, read_header

MOST_BYTES = 64 * 2**20
"""No image of a region is larger."""
POLARISATION = {1: "h", 2: "v"}
DARKEST_DB, BRIGHTEST_DB = -60.0, 30.0


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `sigma0_h` or `sigma0_v`, backscatter at the beam's own incidence angle, dB; NaN where nothing was seen.

    Raises GranuleError where the file is no SIR image of the granule's interval, is damaged or absurd.
    """
    beginning(path, granule, 1)
    body = unpacked(path, granule, MOST_BYTES)
    try:
        header = read_header(body)
        grid = grid_of(header, f"quikscat-{granule.tile}")
        counts = _image(body, header)
    except NotSir as error:
        raise _refused(granule, f"is no SIR image of ours: {error}") from error
    _belongs(header, granule)
    values, missing = header.decoded(counts)
    values[missing] = np.nan
    absurd = int(np.count_nonzero((values < DARKEST_DB) | (values > BRIGHTEST_DB)))
    if absurd:
        raise _refused(
            granule,
            f"holds {absurd} values that are no backscatter, from {np.nanmin(values):.1f} to {np.nanmax(values):.1f} "
            f"dB; wanted {DARKEST_DB:g} to {BRIGHTEST_DB:g}: another image or scale? Fetch it again",
        )
    # The format's first row is the southernmost.
    name, north_up = f"sigma0_{granule.part}", np.ascontiguousarray(values[::-1])
    attributes = {
        "units": "dB",
        "long_name": f"normalised backscatter at {FREQUENCY_GHZ:g} GHz, {granule.part.upper()}{granule.part.upper()}",
        "frequency": FREQUENCY_GHZ,
        "incidence_angle": INCIDENCE[granule.part],
    }
    data = xr.Dataset(
        {name: xr.Variable(("y", "x"), north_up, attributes)},
        attrs={"sensor": granule.sensor, "platform": granule.platform},
    )
    return Opened(data, grid)


def _image(body: bytes, header: Header) -> NDArray[np.generic]:
    """Return the stored numbers, first row south; the image may be filled up to a whole block."""
    begin, wanted = header.blocks * BLOCK, header.width * header.height * header.stored.itemsize
    found = len(body) - begin
    whole = -(-wanted // BLOCK) * BLOCK
    if found not in (wanted, whole):
        raise NotSir(
            f"it has {found} bytes behind its header; wanted {wanted}, {header.width} columns by {header.height} rows "
            f"of {header.stored.itemsize}, or {whole} with the last block filled up: fetch it again"
        )
    image = np.frombuffer(body, header.stored, header.width * header.height, begin)
    return image.reshape(header.height, header.width)


def _belongs(header: Header, granule: Granule) -> None:
    if header.kind not in (0, SIGMA_NOUGHT):
        raise _refused(granule, f"is an image of type {header.kind}; wanted {SIGMA_NOUGHT}, sigma nought")
    said = POLARISATION.get(header.polarisation, granule.part)
    if said != granule.part:
        raise _refused(granule, f"is said to be of polarisation {said}; its name says {granule.part}")
    begins = (granule.start.year, granule.start.timetuple().tm_yday)
    if header.year and (header.year, header.first_day) != begins:
        raise _refused(
            granule,
            f"begins on day {header.first_day} of {header.year}; its name says {begins[1]} of {begins[0]}: name and "
            "file do not belong together",
        )


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
