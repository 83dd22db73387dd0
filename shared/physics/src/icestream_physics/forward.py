"""What a microwave radiometer would see: the forward model by which the simulator makes granules of known truth.

Dry snow comes from SMRT look-up tables (`tables.generate`). Every other surface is an emissivity times a temperature,
the emissivity being that of a typical place in the real F17 SSMIS scene of 1 February 2014, so that the screening tree
meets true cases of each class. There is no atmosphere: the emissivities are effective ones, seen through it.
"""

from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import constant
from icestream_physics.multilinear import multilinear

Polarisation = Literal["V", "H"]
FloatArray = NDArray[np.float64]

CANOPY_EMISSIVITY = constant(0.95, "1", source="a closed canopy is nearly black, and unpolarised", certainty="design")
HYDROMETEOR_SCATTERING = {
    19: constant(0.02, "1", source="share of the 91 GHz depression", certainty="design"),
    22: constant(0.05, "1", source="share of the 91 GHz depression", certainty="design"),
    37: constant(0.25, "1", source="share of the 91 GHz depression", certainty="design"),
    91: constant(1.00, "1", source="share of the 91 GHz depression", certainty="design"),
}
BANDS = {
    18.0: 19,
    18.7: 19,
    19.35: 19,
    22.235: 22,
    23.8: 22,
    36.5: 37,
    37.0: 37,
    85.5: 91,
    89.0: 91,
    91.655: 91,
}
"""Frequency in GHz of SMMR, AMSR2, SSM/I and SSMIS channels to the band whose emissivity they share."""
SURFACE_RADIUS = constant(
    0.25e-3, "m", source="gives the difference between 37 and 91 GHz of the F17 scene", certainty="design"
)
CHE_RADIUS = constant(
    0.48e-3, "m", source="with it `che_2008_ssmi` returns 0 to 0.4 m of table snow within 2 cm", certainty="computed"
)


class Surface(StrEnum):
    """A surface without dry snow."""

    FROZEN_GROUND = "frozen ground"
    PLATEAU_FROZEN_GROUND = "plateau frozen ground"
    DESERT = "desert"
    VEGETATION = "vegetation"
    WET_SNOW = "wet snow"
    ICE_SHEET = "ice sheet"
    WATER = "water"


class BandEmissivity(NamedTuple):
    """Effective emissivity by band, vertical then horizontal."""

    band_19: tuple[float, float]
    band_22: tuple[float, float]
    band_37: tuple[float, float]
    band_91: tuple[float, float]


EMISSIVITY = {
    Surface.FROZEN_GROUND: BandEmissivity((0.952, 0.906), (0.948, 0.904), (0.942, 0.907), (0.918, 0.889)),
    Surface.PLATEAU_FROZEN_GROUND: BandEmissivity((0.943, 0.908), (0.936, 0.903), (0.913, 0.876), (0.881, 0.850)),
    Surface.DESERT: BandEmissivity((0.971, 0.852), (0.966, 0.856), (0.962, 0.870), (0.938, 0.895)),
    Surface.VEGETATION: BandEmissivity((0.955, 0.940), (0.957, 0.943), (0.955, 0.941), (0.962, 0.957)),
    Surface.WET_SNOW: BandEmissivity((0.955, 0.900), (0.958, 0.900), (0.953, 0.880), (0.900, 0.870)),
    Surface.ICE_SHEET: BandEmissivity((0.822, 0.641), (0.829, 0.660), (0.850, 0.709), (0.909, 0.790)),
    Surface.WATER: BandEmissivity((0.653, 0.410), (0.694, 0.460), (0.743, 0.523), (0.864, 0.700)),
}
"""Design: medians of the F17 scene (Nagqu, Tibetan Plateau, Sahara, tropics, Greenland, North Pacific) over a likely
physical temperature. Wet snow is not in that scene: it is nearly black, but for 91 GHz."""


def snow_brightness_temperature(
    depth: ArrayLike, radius: ArrayLike, temperature: ArrayLike, frequency: float, polarisation: Polarisation
) -> FloatArray:
    """Return the brightness temperature of dry snow on frozen soil, K, at 55 degrees incidence.

    depth        : snow depth, 0 to 1.5 m; 0 is the bare soil
    radius       : grain radius, 0.2e-3 to 0.5e-3 m, of sticky hard spheres (stickiness 0.2, 250 kg m-3)
    temperature  : of snow and soil, 235 to 273 K
    frequency    : GHz, one of `BANDS`
    polarisation : "V" or "H"
    Errors: ValueError outside these ranges. Between the nodes of the table it is within 1.5 K of SMRT up to 37 GHz, and
    within 3.5 K at 91 GHz.
    Source: SMRT, Picard et al. 2018, Geosci. Model Dev. 11, 2763-2788, doi:10.5194/gmd-11-2763-2018.
    """
    table = _snow_table()
    _band(frequency)
    channel = int(np.argmin(np.abs(table.frequency - frequency)))
    emissivity = table.emissivity[..., channel, _polarisation_index(polarisation)]
    axes = (table.temperature, table.depth, table.radius)
    return np.asarray(temperature, dtype=np.float64) * multilinear(emissivity, axes, (temperature, depth, radius))


def snowpack_brightness_temperature(
    depth: ArrayLike,
    radius: ArrayLike,
    temperature: ArrayLike,
    frequency: float,
    polarisation: Polarisation,
    surface_radius: ArrayLike = SURFACE_RADIUS,
) -> FloatArray:
    """Return the brightness temperature of a natural snowpack, K: fine grains on top, coarse below.

    One layer as coarse as 37 GHz asks for would be far too dark at 91 GHz (by 80 K in Siberia), and pass for rain. But
    91 GHz sees hardly more than the fine surface; so it gets the surface's radius, and the other bands the bulk's.

    radius         : grain radius of the bulk, 0.2e-3 to 0.5e-3 m
    surface_radius : grain radius of the surface, within the same range
    The rest is as of `snow_brightness_temperature`. Our own design.
    """
    seen = surface_radius if _band(frequency) == 91 else radius
    return snow_brightness_temperature(depth, seen, temperature, frequency, polarisation)


def surface_brightness_temperature(
    surface: Surface, temperature: ArrayLike, frequency: float, polarisation: Polarisation
) -> FloatArray:
    """Return the brightness temperature of a surface without dry snow, K: emissivity times temperature.

    temperature  : of the surface, K
    frequency    : GHz, as of `snow_brightness_temperature`
    polarisation : "V" or "H"
    """
    emissivity = EMISSIVITY[surface][_band_index(frequency)][_polarisation_index(polarisation)]
    return emissivity * np.asarray(temperature, dtype=np.float64)


def rain_brightness_temperature(
    temperature: ArrayLike, depression_91: ArrayLike, frequency: float, polarisation: Polarisation
) -> FloatArray:
    """Return the brightness temperature of rain over vegetated land, K: the ice aloft scatters, most at 91 GHz.

    temperature   : of the surface, K
    depression_91 : how much the ice darkens 91 GHz, K (light rain about 15, a storm 60 and more)
    frequency     : GHz, as of `snow_brightness_temperature`
    polarisation  : "V" or "H"
    """
    share = HYDROMETEOR_SCATTERING[_band(frequency)]
    land = surface_brightness_temperature(Surface.VEGETATION, temperature, frequency, polarisation)
    return land - share * np.asarray(depression_91, dtype=np.float64)


def forest_brightness_temperature(
    tb_ground: ArrayLike, forest_fraction: ArrayLike, temperature: ArrayLike
) -> FloatArray:
    """Return the brightness temperature of a cell whose forest hides the ground, K.

    The difference between two channels shrinks by (1 - forest fraction), which is what `foster_1997_forest` undoes.

    tb_ground       : brightness temperature of the open ground or snow, K
    forest_fraction : 0 to 1
    temperature     : of the canopy, K
    """
    fraction = np.asarray(forest_fraction, dtype=np.float64)
    canopy = CANOPY_EMISSIVITY * np.asarray(temperature, dtype=np.float64)
    return (1.0 - fraction) * np.asarray(tb_ground, dtype=np.float64) + fraction * canopy


class _SnowTable(NamedTuple):
    emissivity: FloatArray
    temperature: FloatArray
    depth: FloatArray
    radius: FloatArray
    frequency: FloatArray


@cache
def _snow_table() -> _SnowTable:
    path = resources.files("icestream_physics") / "tables" / "snow_emissivity.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return _SnowTable(*(stored[name].astype(np.float64) for name in _SnowTable._fields))


def _band(frequency: float) -> int:
    if frequency not in BANDS:
        raise ValueError(f"no channel at {frequency} GHz; there are {', '.join(map(str, BANDS))} GHz")
    return BANDS[frequency]


def _band_index(frequency: float) -> int:
    return sorted(HYDROMETEOR_SCATTERING).index(_band(frequency))


def _polarisation_index(polarisation: Polarisation) -> int:
    return ("V", "H").index(polarisation)
