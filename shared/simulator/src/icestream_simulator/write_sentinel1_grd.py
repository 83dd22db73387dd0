"""Write a small Sentinel-1 GRD scene of known sigma nought: a SAFE with measurement, annotation, calibration and noise.

Written from the product's specification and what public programs read. What a reader needs is there, by the names that
the format has; orbits, antenna patterns and quality reports are left out, and so is the preview.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.new_file import new_file
from icestream_simulator.noise import generator, point_noise
from icestream_simulator.places import Places
from icestream_simulator.truth import FREEZING_K, Truth

FloatArray = NDArray[np.float64]

PIXEL_M, LINES, PIXELS = 10.0, 1200, 1500
TIE_EVERY = 300
"""Lines and pixels between two tie points."""
LOOKS = 4.4
"""Equivalent number of looks of a pixel."""
GAIN = 480.0
"""Of the calibration: counts for a sigma nought of 1; it falls by a tenth across the scene."""
NOISE_DB = {"vv": -23.0, "vh": -25.0}
"""Noise-equivalent sigma nought."""
SCALLOP = 0.15
"""How the noise rises and falls along a burst."""
BURST_LINES = 400
NEAR_INCIDENCE, FAR_INCIDENCE = 34.0, 36.0
"""Degrees."""
THAWED_DB = {"vv": -11.0, "vh": -18.0}
FROZEN_DROP_DB = 3.5
"""Frozen soil scatters less, for want of liquid water."""
SLOPE_K, SLOPE_M = 1.5, 600.0
"""By how much sunny and shady slopes are warmer and colder than the ground around, and how long such a slope is."""
ROCK_SHARE, ROCK_M, ROCK_DROP_DB = 0.15, 900.0, 0.5
"""Of bare rock, which hardly changes as it freezes."""
WATER_DB = {"vv": -20.0, "vh": -27.0}
BORDER = 20
"""Pixels on either side that are nought, as at the edge of a real scene."""
PASS_HOUR = {"ascending": 18.3, "descending": 6.3}
"""Local solar time."""
HEADING = {"ascending": -12.0, "descending": 192.0}
"""Of the flight, degrees east of north."""
METRES_A_DEGREE = 111_195.0
FIRST_ORBIT, REPEAT = 73, 175
FIRST_DAY = date(2014, 10, 3)
"""Nothing was distributed before it."""
NAGQU = (31.5, 92.0)
TRACKS = {"ascending": (41, 3), "descending": (150, 8)}
"""Over Nagqu: relative orbit, and on which day of the twelve, counted from the proleptic ordinal."""


class Scene(NamedTuple):
    """Where and when.

    latitude, longitude : of the middle, degrees
    direction : ascending or descending
    relative_orbit : 1 to 175
    """

    day: date
    latitude: float
    longitude: float
    direction: str
    relative_orbit: int

    @property
    def start(self) -> datetime:
        """UTC of the first line, by the local solar time of the pass."""
        hours = (PASS_HOUR[self.direction] - self.longitude / 15.0) % 24.0
        return datetime.combine(self.day, time(), tzinfo=UTC) + timedelta(seconds=round(hours * 3600))


class Radar(NamedTuple):
    """The scene's truth on every tenth line and pixel: sigma nought (1) by polarisation, places, and the ground.

    frozen : the ground; rock : bare rock, which does not show it
    """

    sigma: Mapping[str, FloatArray]
    latitude: FloatArray
    longitude: FloatArray
    frozen: NDArray[np.bool_]
    rock: NDArray[np.bool_]


def scenes_on(day: date) -> list[Scene]:
    """Return the scenes of Nagqu that are taken on a day: none on most."""
    return [
        Scene(day, *NAGQU, direction, track)
        for direction, (track, number) in TRACKS.items()
        if day >= FIRST_DAY and day.toordinal() % 12 == number
    ]


def scene_name(scene: Scene) -> str:
    """Return the name of the SAFE, without a suffix."""
    cycles = (scene.day - FIRST_DAY).days // 12
    absolute = FIRST_ORBIT + REPEAT * (cycles + 10) + scene.relative_orbit - 1
    end = scene.start + timedelta(seconds=25)
    return f"S1A_IW_GRDH_1SDV_{scene.start:%Y%m%dT%H%M%S}_{end:%Y%m%dT%H%M%S}_{absolute:06d}_{absolute:06X}_C0DE"


def places_of(scene: Scene, line: FloatArray, pixel: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return latitude and longitude of all pairs of lines and pixels, degrees: on a plane, the radar looking right."""
    heading = np.radians(HEADING[scene.direction])
    along = (line[:, np.newaxis] - LINES / 2) * PIXEL_M
    across = (pixel[np.newaxis, :] - PIXELS / 2) * PIXEL_M
    north = along * np.cos(heading) - across * np.sin(heading)
    east = along * np.sin(heading) + across * np.cos(heading)
    latitude = scene.latitude + north / METRES_A_DEGREE
    return latitude, scene.longitude + east / (METRES_A_DEGREE * np.cos(np.radians(scene.latitude)))


def radar_truth(truth: Truth, scene: Scene, polarisations: Sequence[str] = ("vv", "vh")) -> Radar:
    """Return what the ground scatters, before speckle and noise, on cells of 100 m."""
    line, pixel = np.arange(4.5, LINES, 10.0), np.arange(4.5, PIXELS, 10.0)
    latitude, longitude = places_of(scene, line, pixel)
    places = Places(truth.seed, longitude.ravel(), latitude.ravel())
    east = METRES_A_DEGREE * np.cos(np.radians(scene.latitude)) * longitude.ravel()
    north = METRES_A_DEGREE * latitude.ravel()
    slope = point_noise(truth.seed, "sunny slopes", east / SLOPE_M, north / SLOPE_M)
    ground = truth.ground_temperature(places, scene.day, PASS_HOUR[scene.direction]) + SLOPE_K * slope
    frozen = ground < FREEZING_K
    hard = point_noise(truth.seed, "bare rock", east / ROCK_M, north / ROCK_M)
    rock = hard > np.quantile(hard, 1.0 - ROCK_SHARE)
    relief = 1e-3 * (places.terrain.elevation - places.terrain.soft_elevation)
    sigma = {}
    for polarisation in polarisations:
        drop = np.where(rock, ROCK_DROP_DB, FROZEN_DROP_DB) * frozen
        decibel = THAWED_DB[polarisation] - drop + np.clip(relief, -1.0, 1.0)
        decibel = np.where(places.terrain.land < 0.5, WATER_DB[polarisation], decibel)
        sigma[polarisation] = (10.0 ** (decibel / 10.0)).reshape(latitude.shape)
    shape = latitude.shape
    return Radar(sigma, latitude, longitude, frozen.reshape(shape), rock.reshape(shape))


def write_scene(out: Path, truth: Truth, scene: Scene, *, zipped: bool = True, edition: int = 0) -> Path:
    """Write a scene as a zip archive, or as a folder, and return its path."""
    name = scene_name(scene)
    radar = radar_truth(truth, scene)
    members: dict[str, bytes] = {f"{name}.SAFE/manifest.safe": _manifest(name)}
    for number, (polarisation, sigma) in enumerate(radar.sigma.items(), start=1):
        stem = f"s1a-iw-grd-{polarisation}-{scene.start:%Y%m%dt%H%M%S}-{number:03d}"
        dice = generator(truth.seed, "sentinel1", name, polarisation, edition)
        counts = _counts(sigma, polarisation, dice)
        where = f"{name}.SAFE/annotation"
        members |= {
            f"{where}/{stem}.xml": _annotation(scene, polarisation),
            f"{where}/calibration/calibration-{stem}.xml": _calibration(),
            f"{where}/calibration/noise-{stem}.xml": _noise(polarisation),
            f"{name}.SAFE/measurement/{stem}.tiff": _tiff(counts),
        }
    if zipped:
        path = out / f"{name}.SAFE.zip"
        with new_file(path) as hidden, zipfile.ZipFile(hidden, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for member, body in members.items():
                archive.writestr(zipfile.ZipInfo(member, (2014, 10, 3, 0, 0, 0)), body)
        return path
    for member, body in members.items():
        (out / member).parent.mkdir(parents=True, exist_ok=True)
        (out / member).write_bytes(body)
    return out / f"{name}.SAFE"


def gain(pixel: FloatArray) -> FloatArray:
    """Return the calibration of sigma nought."""
    return np.asarray(GAIN * (1.0 - 0.1 * pixel / PIXELS))


def noise_power(polarisation: str, line: FloatArray, pixel: FloatArray) -> FloatArray:
    """Return the thermal noise of all pairs, counts squared."""
    along = 1.0 + SCALLOP * np.cos(2.0 * np.pi * line / BURST_LINES)
    return np.asarray(along[:, np.newaxis] * _range_noise(polarisation, pixel)[np.newaxis, :])


def _range_noise(polarisation: str, pixel: FloatArray) -> FloatArray:
    return np.asarray(10.0 ** (NOISE_DB[polarisation] / 10.0) * gain(pixel) ** 2 * (1.0 + 0.3 * pixel / PIXELS))


def _counts(sigma: FloatArray, polarisation: str, dice: np.random.Generator) -> NDArray[np.uint16]:
    """Return counts with speckle, thermal noise and a border of noughts."""
    line, pixel = np.arange(LINES, dtype=np.float64), np.arange(PIXELS, dtype=np.float64)
    signal = sigma.repeat(10, axis=0).repeat(10, axis=1) * gain(pixel) ** 2
    power = (signal + noise_power(polarisation, line, pixel)) * dice.gamma(LOOKS, 1.0 / LOOKS, (LINES, PIXELS))
    counts = np.clip(np.rint(np.sqrt(power)), 1, 65535).astype(np.uint16)
    counts[:, :BORDER] = counts[:, -BORDER:] = 0
    return counts


def _tiff(counts: NDArray[np.uint16]) -> bytes:
    import warnings

    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="GTiff", width=PIXELS, height=LINES, count=1, dtype="uint16") as file:
            file.write(counts, 1)
        return bytes(memory.read())


def _annotation(scene: Scene, polarisation: str) -> bytes:
    line = np.arange(0.0, LINES + 1, TIE_EVERY)
    pixel = np.arange(0.0, PIXELS + 1, TIE_EVERY)
    latitude, longitude = places_of(scene, line, pixel)
    incidence = NEAR_INCIDENCE + (FAR_INCIDENCE - NEAR_INCIDENCE) * pixel / PIXELS
    points = "".join(
        f"<geolocationGridPoint><azimuthTime>{scene.start:%Y-%m-%dT%H:%M:%S.000000}</azimuthTime><line>{line[i]:.0f}</line>"
        f"<pixel>{pixel[j]:.0f}</pixel><latitude>{latitude[i, j]:.10e}</latitude>"
        f"<longitude>{longitude[i, j]:.10e}</longitude><height>0.0</height>"
        f"<incidenceAngle>{incidence[j]:.8e}</incidenceAngle></geolocationGridPoint>"
        for i in range(line.size)
        for j in range(pixel.size)
    )
    return _document(
        "product",
        f"<adsHeader><missionId>S1A</missionId><productType>GRD</productType><polarisation>{polarisation.upper()}"
        f"</polarisation><mode>IW</mode></adsHeader><generalAnnotation><productInformation><pass>"
        f"{scene.direction.capitalize()}</pass></productInformation></generalAnnotation><imageAnnotation>"
        f"<imageInformation><rangePixelSpacing>{PIXEL_M:e}</rangePixelSpacing><azimuthPixelSpacing>{PIXEL_M:e}"
        f"</azimuthPixelSpacing><numberOfSamples>{PIXELS}</numberOfSamples><numberOfLines>{LINES}</numberOfLines>"
        f"</imageInformation></imageAnnotation><geolocationGrid><geolocationGridPointList count="
        f"{quoteattr(str(line.size * pixel.size))}>{points}</geolocationGridPointList></geolocationGrid>",
    )


def _calibration() -> bytes:
    pixel = np.arange(0.0, PIXELS + 1, 40)
    vectors = "".join(
        f"<calibrationVector><line>{line}</line>{_list('pixel', pixel, '.0f')}"
        f"{_list('sigmaNought', gain(pixel), '.6e')}</calibrationVector>"
        for line in range(0, LINES + 1, 400)
    )
    return _document("calibration", f"<calibrationVectorList>{vectors}</calibrationVectorList>")


def _noise(polarisation: str) -> bytes:
    pixel = np.arange(0.0, PIXELS + 1, 40)
    ranges = "".join(
        f"<noiseRangeVector><line>{line}</line>{_list('pixel', pixel, '.0f')}"
        f"{_list('noiseRangeLut', _range_noise(polarisation, pixel), '.6e')}</noiseRangeVector>"
        for line in range(0, LINES + 1, 400)
    )
    line = np.arange(0.0, LINES, 20)
    along = 1.0 + SCALLOP * np.cos(2.0 * np.pi * line / BURST_LINES)
    azimuth = (
        f"<noiseAzimuthVector><swath>IW2</swath><firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>0"
        f"</firstRangeSample><lastAzimuthLine>{LINES - 1}</lastAzimuthLine><lastRangeSample>{PIXELS - 1}"
        f"</lastRangeSample>{_list('line', line, '.0f')}{_list('noiseAzimuthLut', along, '.6e')}</noiseAzimuthVector>"
    )
    return _document(
        "noise",
        f"<noiseRangeVectorList>{ranges}</noiseRangeVectorList><noiseAzimuthVectorList>{azimuth}"
        f"</noiseAzimuthVectorList>",
    )


def _list(tag: str, values: FloatArray, form: str) -> str:
    return f'<{tag} count="{values.size}">{" ".join(format(value, form) for value in values)}</{tag}>'


def _document(root: str, body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<{root}>{body}</{root}>\n'.encode()


def _manifest(name: str) -> bytes:
    return _document(
        "manifest", f"<metadataSection><id>{name}</id><facility>icestream simulator</facility></metadataSection>"
    )
