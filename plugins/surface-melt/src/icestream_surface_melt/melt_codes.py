"""The codes of the melt products, and what they mean."""

from __future__ import annotations

from itertools import product as combinations

DRY, MELT = 0, 1
UNSEEN, OUTSIDE = 254, 255
SHARPENED, RECENT_ALBEDO, NO_ALBEDO = range(3)
EARLIER, OF_FEW_DAYS, OF_OTHER_PLATFORM = 1, 2, 4
"""What is added up to the code of the reference; 0 is the slot's own winter, of many days, by the same platform."""

_EDGES = {UNSEEN: "not_seen", OUTSIDE: "outside_the_ice_sheet"}


def _reference_words() -> dict[int, str]:
    words = {}
    for earlier, few, other in combinations((0, EARLIER), (0, OF_FEW_DAYS), (0, OF_OTHER_PLATFORM)):
        said = "earlier_winter" if earlier else "own_winter"
        said += "_of_few_days" if few else ""
        words[earlier + few + other] = said + ("_of_another_platform" if other else "")
    return dict(sorted(words.items()))


MELT_CODES = {DRY: "no_melt", MELT: "melt"} | _EDGES
SHARPENING = {
    SHARPENED: "albedo_of_the_day",
    RECENT_ALBEDO: "recent_albedo",
    NO_ALBEDO: "no_albedo_interpolated",
} | _EDGES
REFERENCES = _reference_words() | _EDGES
PASSES = {0: "none", 1: "one_pass", 2: "both_passes", OUTSIDE: _EDGES[OUTSIDE]}
