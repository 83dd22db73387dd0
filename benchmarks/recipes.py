"""What each product is measured on: simulated granules in their real formats, or a real day where there is one.

A product whose files are beside another product's needs one line here. Real granules lie as ICESTREAM_GRANULES of the
tests has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth

DAY, WINTER = date(2014, 2, 4), date(2013, 7, 10)
TILES = ("h25v05",)

Source = Callable[[Path, Truth], Sequence[Path]]
"""From an empty directory and the simulated world to files."""


def f17_cold(out: Path, truth: Truth) -> list[Path]:
    """One cold pass of F17, seven channels on the northern grid."""
    return simulate("nsidc-0032", DAY, DAY, out, truth=truth, platform="F17", passes=("D",))


def snow_composites(out: Path, truth: Truth) -> list[Path]:
    """Eight days of snow cover from Terra and Aqua, one tile."""
    return [
        path
        for collection in ("mod10a2", "myd10a2")
        for path in simulate(collection, DAY, DAY, out, truth=truth, tiles=TILES)
    ]


def amsr2_cold(out: Path, truth: Truth) -> list[Path]:
    """One cold pass of AMSR2, the whole globe at 0.25 degree."""
    return simulate("amsr2-l3-tb", DAY, DAY, out, truth=truth, passes=("D",))


def land_surface(out: Path, truth: Truth) -> list[Path]:
    """Aqua's land-surface temperature of the day on the global grid of 0.05 degree."""
    return simulate("myd11c1", DAY, DAY, out, truth=truth)


def corridor(out: Path, truth: Truth) -> list[Path]:
    """A descending scene of winter, of summer and of the month, and a day of surface temperature in one tile."""
    scenes = (date(2016, 2, 10), date(2016, 7, 27), date(2016, 9, 13))
    paths = [path for day in scenes for path in simulate("sentinel1-grd", day, day, out, truth=truth, passes=("D",))]
    return [*paths, *simulate("mod11a1", scenes[-1], scenes[-1], out, truth=truth, tiles=TILES)]


def greenland(out: Path, truth: Truth) -> list[Path]:
    """What is known of Greenland's surface: the mask of its ice; in the polar night there is no albedo."""
    return simulate("ease-loci-mask", DAY, DAY, out, truth=truth, grid="NL")


def antarctica(out: Path, truth: Truth) -> list[Path]:
    """Both passes of F17 on the southern grid in winter and on the day, the mask of the ice, the albedo of the day."""
    days = [simulate("nsidc-0032", day, day, out, truth=truth, platform="F17", grid="SL") for day in (WINTER, DAY)]
    surface = [simulate(name, DAY, DAY, out, truth=truth, grid="SL") for name in ("ease-loci-mask", "glass-albedo")]
    return [path for paths in (*days, *surface) for path in paths]


def scatterometer(out: Path, truth: Truth) -> list[Path]:
    """QuikSCAT's images of China and Japan in mid-winter, one beam and pass, seen over Tibet alone."""
    first, last = date(2007, 1, 16), date(2007, 2, 20)
    return simulate("quikscat", first, last, out, truth=truth, grid="ChJ", passes=("A",), box=(85.0, 30.0, 91.0, 34.0))


RECIPES: Mapping[str, Sequence[Source]] = {
    "cold-pass-tb": (f17_cold,),
    "snow-depth-china": (f17_cold,),
    "snow-depth-global": (f17_cold,),
    "snow-cover-hma": (snow_composites,),
    "snow-cover-probability": (snow_composites,),
    "snow-depth-tibet-005": (f17_cold, snow_composites),
    "swe-tibet-005": (f17_cold, snow_composites),
    "freeze-thaw-three-river-source": (f17_cold,),
    "freeze-thaw-global-025": (amsr2_cold,),
    "freeze-thaw-global-005": (amsr2_cold, land_surface),
    "freeze-thaw-qtec-100m": (corridor,),
    "melt-onset-high-asia": (f17_cold,),
    "melt-onset-high-asia-years": (f17_cold,),
    "melt-onset-quikscat": (scatterometer,),
    "melt-reference-greenland": (f17_cold,),
    "surface-melt-greenland": (f17_cold, greenland),
    "surface-melt-antarctica": (antarctica,),
}
"""By product: where the observations are from that it and its forerunners are made of. Parameters are fitted on the
simulated world."""

F17_DAY = "nsidc-0032/EASE-F17-NL2014032D-V2.[0-9]*"
REAL: Mapping[str, str] = {
    "cold-pass-tb": F17_DAY,
    "snow-depth-china": F17_DAY,
    "snow-depth-global": F17_DAY,
    "snow-cover-hma": "mod10a2/MOD10A2.*.hdf",
}
"""By product: the real granules that it is measured on as well, as a pattern below their directory."""
