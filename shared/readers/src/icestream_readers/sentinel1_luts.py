"""The tables in a Sentinel-1 annotation: calibration, thermal noise, tie points; each at some lines and pixels."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Table(NamedTuple):
    """Values at rising lines and pixels, linear between them and constant beyond."""

    line: FloatArray
    pixel: FloatArray
    values: FloatArray

    def at(self, line: FloatArray, pixel: FloatArray) -> FloatArray:
        """Return the values at all pairs, shape (len(line), len(pixel))."""
        across = np.stack([np.interp(pixel, self.pixel, row) for row in self.values])
        if self.line.size == 1:
            return np.repeat(across, line.size, axis=0)
        place = np.clip(np.interp(line, self.line, np.arange(self.line.size)), 0, self.line.size - 1)
        lower = np.minimum(place.astype(np.int64), self.line.size - 2)
        share = (place - lower)[:, np.newaxis]
        return np.asarray(across[lower] * (1.0 - share) + across[lower + 1] * share)


def calibration(root: ElementTree.Element) -> Table:
    """Return what counts are divided by to give the square root of sigma nought."""
    return _vectors(root, "calibrationVector", "sigmaNought")


def range_noise(root: ElementTree.Element) -> Table:
    """Return the noise across the scene, counts squared. Before March 2018 there was one vector for both directions."""
    if root.find(".//noiseRangeVector") is not None:
        return _vectors(root, "noiseRangeVector", "noiseRangeLut")
    return _vectors(root, "noiseVector", "noiseLut")


def azimuth_noise(root: ElementTree.Element, line: FloatArray, pixel: FloatArray) -> FloatArray:
    """Return the factor by which the noise rises and falls along each sub-swath; 1 where the annotation has none."""
    factor = np.ones((line.size, pixel.size))
    for vector in root.iter("noiseAzimuthVector"):
        first_line, last_line, first_pixel, last_pixel = (
            _numbers(vector, name)[0]
            for name in ("firstAzimuthLine", "lastAzimuthLine", "firstRangeSample", "lastRangeSample")
        )
        rows = (line >= first_line - 0.5) & (line <= last_line + 0.5)
        columns = (pixel >= first_pixel - 0.5) & (pixel <= last_pixel + 0.5)
        along = np.interp(line[rows], _numbers(vector, "line"), _numbers(vector, "noiseAzimuthLut"))
        factor[np.ix_(rows, columns)] = along[:, np.newaxis]
    return factor


def geolocation(root: ElementTree.Element) -> dict[str, Table]:
    """Return `latitude`, `longitude` and `incidence_angle`, degrees; longitudes run on beyond 180."""
    points = list(root.iter("geolocationGridPoint"))
    line, pixel = (np.array([_numbers(point, name)[0] for point in points]) for name in ("line", "pixel"))
    lines, pixels = np.unique(line), np.unique(pixel)
    if lines.size * pixels.size != len(points) or len(points) < 4:
        raise ValueError(f"{len(points)} tie points make no grid of {lines.size} x {pixels.size}")
    order = np.lexsort((pixel, line))
    found = {}
    for name, tag in (("latitude", "latitude"), ("longitude", "longitude"), ("incidence_angle", "incidenceAngle")):
        values = np.array([_numbers(point, tag)[0] for point in points])[order].reshape(lines.size, pixels.size)
        if name == "longitude":
            values = np.unwrap(np.unwrap(values, axis=1, period=360.0), axis=0, period=360.0)
        found[name] = Table(lines, pixels, values)
    return found


def _vectors(root: ElementTree.Element, tag: str, name: str) -> Table:
    """Return a table of vectors; those at other pixels than the first are brought to its."""
    vectors = sorted(root.iter(tag), key=lambda vector: _numbers(vector, "line")[0])
    if not vectors:
        raise ValueError(f"there is no {tag}")
    pixel = _numbers(vectors[0], "pixel")
    values = [np.interp(pixel, _numbers(vector, "pixel"), _numbers(vector, name)) for vector in vectors]
    return Table(np.array([_numbers(vector, "line")[0] for vector in vectors]), pixel, np.stack(values))


def _numbers(element: ElementTree.Element, tag: str) -> FloatArray:
    text = element.findtext(tag)
    if not text or not text.strip():
        raise ValueError(f"{element.tag} has no {tag}")
    return np.array(text.split(), dtype=np.float64)
