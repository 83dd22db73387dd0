"""Write GLASS broadband albedo: eight days, global, 0.05 degree, HDF4 with the data sets that the producers name.

Only the ice sheets and the land beside them are simulated; elsewhere the files say that nothing is known.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.grid import Grid, lonlat
from icestream_core.period import Interval
from icestream_simulator.melt_truth import ice_albedo
from icestream_simulator.new_file import new_file
from icestream_simulator.noise import FloatArray, generator
from icestream_simulator.truth import Truth

REGIONS: dict[str, tuple[Grid, int]] = {
    "greenland": (lonlat("glass-greenland", -75.0, 84.0, 0.05, 1300, 500), 1),
    "antarctica": (lonlat("glass-antarctica", -180.0, -60.0, 0.25, 1440, 120), 5),
}
"""Where albedo is simulated, and how many cells along an edge share one value: Antarctica is large."""
NOISE = 0.01
SHAPE = (3600, 7200)
BLACK_SKY, WHITE_SKY = "ABD_BSA_shortwave", "ABD_WSA_shortwave"
SCALE = 0.0001
MISSING = -1
WHITE_OVER_BLACK = 0.98
PROCESSING_DAYS = 20
DEFLATE_LEVEL = 1


def write_albedo(truth: Truth, period: Interval, regions: tuple[str, ...], edition: int, out: Path) -> list[Path]:
    """Write the granule of eight days.

    regions : of REGIONS: the others stay missing
    edition : another draw of the noise
    """
    made = period.end + timedelta(days=PROCESSING_DAYS)
    path = out / f"GLASS02B06.V04.A{period.start:%Y%j}.{made:%Y%j}.hdf"
    white = np.full(SHAPE, MISSING, np.int16)
    for name in regions:
        _paint(white, truth, period, name, edition)
    black = np.where(white == MISSING, MISSING, np.rint(white * WHITE_OVER_BLACK)).astype(np.int16)
    with new_file(path) as hidden:
        file = SD(str(hidden), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
        file.attr("HDFEOSVersion").set(SDC.CHAR8, "HDFEOS_V2.19")
        for layer, counts in ((BLACK_SKY, black), (WHITE_SKY, white)):
            data = file.create(layer, SDC.INT16, SHAPE)
            data.setcompress(SDC.COMP_DEFLATE, DEFLATE_LEVEL)
            data.attr("_FillValue").set(SDC.INT16, MISSING)
            data.attr("scale_factor").set(SDC.FLOAT64, SCALE)
            data[:] = counts
            data.endaccess()
        file.end()
    return [path]


def _paint(counts: NDArray[np.int16], truth: Truth, period: Interval, name: str, edition: int) -> None:
    grid, repeat = REGIONS[name]
    row, col = round((90.0 - grid.bounds[3]) / 0.05), round((grid.bounds[0] + 180.0) / 0.05)
    albedo: FloatArray = ice_albedo(truth, grid, period.middle.date())
    noise = generator(truth.seed, "glass", name, period.label, edition).standard_normal(albedo.shape, np.float32)
    found = np.clip(np.rint((albedo + NOISE * noise) / SCALE), 0, 10_000)
    fine = np.where(np.isfinite(albedo), found, MISSING).astype(np.int16)
    fine = fine.repeat(repeat, axis=0).repeat(repeat, axis=1)
    counts[row : row + fine.shape[0], col : col + fine.shape[1]] = fine
