"""Bulk snow density from depth and day of the season."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icestream_physics.constant import Constant, constant

SOURCE = "Sturm et al. 2010, table 4, doi:10.1175/2010JHM1202.1, as in two independent codes"
KILOGRAMS_PER_CUBIC_METRE = 1000.0
CENTIMETRES_PER_METRE = 100.0
FIRST_DAY, LAST_DAY = -92, 181


class SnowClass(StrEnum):
    """The seasonal snow classes of Sturm et al. that have a density curve."""

    TUNDRA = "tundra"
    ALPINE = "alpine"
    PRAIRIE = "prairie"
    TAIGA = "taiga"
    MARITIME = "maritime"


def _row(
    maximum: float, initial: float, per_cm: float, per_day: float
) -> tuple[Constant, Constant, Constant, Constant]:
    return (
        constant(maximum, "g cm-3", source=SOURCE, certainty="secondary source"),
        constant(initial, "g cm-3", source=SOURCE, certainty="secondary source"),
        constant(per_cm, "cm-1", source=SOURCE, certainty="secondary source"),
        constant(per_day, "day-1", source=SOURCE, certainty="secondary source"),
    )


DENSITY_CURVES = {
    SnowClass.TUNDRA: _row(0.3630, 0.2425, 0.0029, 0.0049),
    SnowClass.ALPINE: _row(0.5975, 0.2237, 0.0012, 0.0038),
    SnowClass.PRAIRIE: _row(0.5940, 0.2332, 0.0016, 0.0031),
    SnowClass.TAIGA: _row(0.2170, 0.2170, 0.0000, 0.0000),
    SnowClass.MARITIME: _row(0.5979, 0.2578, 0.0010, 0.0038),
}
"""Maximum and initial density, growth by depth, growth by day."""


def sturm_2010(depth: ArrayLike, season_day: ArrayLike, snow_class: SnowClass) -> NDArray[np.float64]:
    """Return the bulk density of the snowpack, kg m-3.

    depth      : snow depth, m
    season_day : day of the season: -92 is 1 October, -1 is 31 December, 1 is 1 January, 181 is 30 June; no day is 0
    Source: Sturm et al. 2010, J. Hydrometeorol. 11, 1380-1394, doi:10.1175/2010JHM1202.1.
    Errors: ValueError where a day lies outside the season.
    """
    day = np.asarray(season_day, dtype=np.float64)
    if np.any((day < FIRST_DAY) | (day > LAST_DAY)):
        raise ValueError(f"season day {np.min(day):g} to {np.max(day):g}; wanted {FIRST_DAY} (1 October) to {LAST_DAY}")
    maximum, initial, per_cm, per_day = DENSITY_CURVES[snow_class]
    growth = 1.0 - np.exp(-per_cm * CENTIMETRES_PER_METRE * np.asarray(depth, dtype=np.float64) - per_day * day)
    return KILOGRAMS_PER_CUBIC_METRE * ((maximum - initial) * growth + initial)
