"""Opens a scene of sentinel1-grd: calibrated, thermal noise removed, averaged to about 100 m."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_readers.safe import Safe
from icestream_readers.sentinel1_grd import POLARISATIONS
from icestream_readers.sentinel1_luts import Table, azimuth_noise, calibration, geolocation, range_noise

FloatArray = NDArray[np.float64]

CELL_M = 100.0
LINES_AT_ONCE = 2000
LEAST_SHARE = 0.5
"""Of a cell's pixels, seen, for it to have a value: the scene's border is nought."""


class Looks(NamedTuple):
    """How many lines and pixels make a cell, and the shape of the whole."""

    lines: int
    pixels: int
    shape: tuple[int, int]

    @property
    def line(self) -> FloatArray:
        """The middle of each row of cells, in lines."""
        return np.asarray((np.arange(self.shape[0] // self.lines) + 0.5) * self.lines - 0.5)

    @property
    def pixel(self) -> FloatArray:
        """The middle of each column of cells, in pixels."""
        return np.asarray((np.arange(self.shape[1] // self.pixels) + 0.5) * self.pixels - 0.5)


def open_file(path: Path, granule: Granule) -> Opened:
    """Return `sigma_nought_vv` and the like (1, not dB), `incidence_angle`, `latitude` and `longitude` (degrees).

    They lie on the scene's own cells of about 100 m: a swath. Positions are those of the annotation's tie points, on
    the ellipsoid at the scene's mean height; terrain is not corrected. What the noise exceeds is nought.
    Raises GranuleError where the SAFE is not whole, or not what its name says.
    """
    safe = Safe(path, granule)
    polarisations = POLARISATIONS[granule.granule_id.split("_")[3][2:]]
    found: dict[str, xr.Variable] = {}
    places: dict[str, xr.Variable] = {}
    for polarisation in polarisations:
        try:
            sigma, looks, product = _sigma_nought(safe, polarisation, granule)
            places = places or _places(product, looks)
        except (ValueError, TypeError, AttributeError) as error:
            raise _refused(granule, f"has an annotation of {polarisation} that cannot be read ({error})") from error
        attributes = {
            "units": "1",
            "standard_name": "surface_backwards_scattering_coefficient_of_radar_wave",
            "long_name": f"sigma nought, {polarisation.upper()}, thermal noise removed",
        }
        found[f"sigma_nought_{polarisation}"] = xr.Variable(("y", "x"), sigma.astype(np.float32), attributes)
    shapes = {variable.shape for variable in (*found.values(), *places.values())}
    if len(shapes) != 1:
        raise _refused(granule, f"has polarisations of different sizes: {shapes}")
    return Opened(xr.Dataset(found | places, attrs={"sensor": granule.sensor, "platform": granule.platform}), None)


def _sigma_nought(safe: Safe, polarisation: str, granule: Granule) -> tuple[FloatArray, Looks, ElementTree.Element]:
    """Return sigma nought on cells, how they are made of lines and pixels, and the annotation."""
    stem = rf"-grd-{polarisation}-[^/]*"
    product = safe.xml(safe.one(rf"(^|/)annotation/[^/]*{stem}\.xml$"))
    lut = safe.xml(safe.one(rf"(^|/)annotation/calibration/calibration-[^/]*{stem}\.xml$"))
    noise = safe.xml(safe.one(rf"(^|/)annotation/calibration/noise-[^/]*{stem}\.xml$"))
    power, seen, looks = _power(safe.gdal(safe.one(rf"(^|/)measurement/[^/]*{stem}\.tiff$")), product, granule)
    gain = calibration(lut).at(looks.line, looks.pixel)
    floor = range_noise(noise).at(looks.line, looks.pixel) * azimuth_noise(noise, looks.line, looks.pixel)
    sigma = np.maximum(power - floor, 0.0) / gain**2
    sigma[seen < LEAST_SHARE] = np.nan
    return sigma, looks, product


def _power(name: str, product: ElementTree.Element, granule: Granule) -> tuple[FloatArray, FloatArray, Looks]:
    """Return the mean square of the counts of each cell, and the share of its pixels that were seen."""
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.windows import Window

    spacing = [_number(product, f".//{axis}PixelSpacing") for axis in ("azimuth", "range")]
    lines, pixels = (max(round(CELL_M / metres), 1) for metres in spacing)
    try:
        with warnings.catch_warnings():
            # A scene is placed by its tie points and has no transform.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(name) as file:
                stated = (int(_number(product, ".//numberOfLines")), int(_number(product, ".//numberOfSamples")))
                if (file.height, file.width) != stated or file.dtypes[0] != "uint16":
                    raise _refused(
                        granule,
                        f"has a measurement of {(file.height, file.width)} {file.dtypes[0]}; its annotation says "
                        f"{stated} uint16",
                    )
                looks = Looks(lines, pixels, stated)
                rows, columns = stated[0] // lines, stated[1] // pixels
                step = max(LINES_AT_ONCE // lines, 1)
                power, seen = np.empty((rows, columns)), np.empty((rows, columns))
                for row in range(0, rows, step):
                    count = min(step, rows - row)
                    counts = file.read(1, window=Window(0, row * lines, columns * pixels, count * lines))
                    blocks = counts.reshape(count, lines, columns, pixels)
                    valid = (blocks > 0).sum(axis=(1, 3))
                    squares = np.einsum("iajb,iajb->ij", blocks, blocks, dtype=np.float64)
                    power[row : row + count] = squares / np.maximum(valid, 1)
                    seen[row : row + count] = valid / (lines * pixels)
    except RasterioError as error:
        raise _refused(granule, f"has a measurement that cannot be read ({error}); fetch it again") from error
    return power, seen, looks


def _places(product: ElementTree.Element, looks: Looks) -> dict[str, xr.Variable]:
    tables: dict[str, Table] = geolocation(product)
    units = {"latitude": "degrees_north", "longitude": "degrees_east", "incidence_angle": "degree"}
    found = {}
    for name, unit in units.items():
        values = tables[name].at(looks.line, looks.pixel)
        if name == "longitude":
            values = (values + 180.0) % 360.0 - 180.0
        found[name] = xr.Variable(("y", "x"), values, {"units": unit})
    return found


def _number(element: ElementTree.Element, path: str) -> float:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"there is no {path.removeprefix('.//')}")
    return float(text)


def _refused(granule: Granule, what: str) -> GranuleError:
    return GranuleError(f"{granule.granule_id} {what}", granule.granule_id)
