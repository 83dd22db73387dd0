"""Colours of quicklooks: a ramp for each sort of quantity, a colour for each class by its word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from icestream_core.variable import Flags, Variable

Colour = tuple[int, int, int]

RAMPS = {
    "snow": ("#efe9dd", "#cfe3ea", "#97c8e3", "#5b9fd4", "#3b6fbd", "#3d4199", "#3a1f66"),
    "thermal": ("#0b2545", "#2c3395", "#744992", "#b15f82", "#eb7958", "#fbb43d", "#f1f58a"),
    "cover": ("#6b4f35", "#9c8062", "#c9b79d", "#dfe3e2", "#eef5fb", "#ffffff"),
    "moisture": ("#8c510a", "#d8b365", "#f6e8c3", "#c7eae5", "#5ab4ac", "#01665e"),
    "height": ("#2f6b4f", "#7fa45b", "#d9cf8b", "#b98d5b", "#8a6a5c", "#f4f2f1"),
    "difference": ("#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"),
    "plain": ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"),
}

CLASSES = (
    (("missing", "no_data", "nodata", "fill", "unknown", "no_decision"), "#b8b8b8"),
    (("outside",), "#e4e8eb"),
    (("debris",), "#8a6f5c"),
    (("converted", "filled", "interpolated", "neighbour"), "#9ad1f5"),
    (("one_sensor", "uncertain", "conflict"), "#b4a7d6"),
    (("no_snow", "other_than_snow", "other", "snow_free", "bare", "land", "ground"), "#b7a57a"),
    (("no_melt",), "#cfe3ee"),
    (("cloud",), "#f3f3f0"),
    (("glacier", "clean_ice"), "#7fd6d6"),
    (("lake_ice", "ice"), "#9ecae1"),
    (("lake", "river", "inland_water"), "#3182bd"),
    (("ocean", "sea", "water"), "#1f4e79"),
    (("wet_snow", "melt"), "#d6604d"),
    (("snow",), "#4fa3e0"),
    (("frozen",), "#5b9fd4"),
    (("thaw",), "#e8a33d"),
    (("desert",), "#e6cf95"),
    (("forest",), "#3f7f4f"),
    (("rain", "precipitation"), "#2b8c8c"),
    (("night",), "#44445a"),
    (("good", "valid", "retrieved", "ok"), "#66a182"),
)
"""The first group of which a word is part of a class's name gives its colour."""

SPARE = ("#4e79a7", "#f28e2b", "#76b7b2", "#e15759", "#edc948", "#b07aa1", "#9c755f", "#59a14f", "#ff9da7", "#86bcb6")


def ramp_of(variable: Variable) -> np.ndarray:
    """Return the 256 colours of a quantity, (256, 3) uint8, chosen by its standard name, unit and range."""
    return _ramp(RAMPS[_sort(variable)])


def class_colours(flags: Flags) -> dict[int, Colour]:
    """Return a colour for each code; no two classes share one."""
    colours: dict[int, Colour] = {}
    for code, word in sorted(flags.meanings.items()):
        colours[code] = next(colour for colour in _candidates(word) if colour not in colours.values())
    return colours


def _candidates(word: str) -> Iterator[Colour]:
    """Give the colour of a word, then the spare ones, then ever further shades: one is always free."""
    wanted = next((colour for words, colour in CLASSES if any(each in word.lower() for each in words)), "")
    if wanted:
        yield rgb(wanted)
    yield from map(rgb, SPARE)
    for number in count():
        yield 40 + number * 37 % 200, 40 + number * 53 % 190, 40 + number // 190 * 17 % 200


def rgb(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _sort(variable: Variable) -> str:
    name = f"{variable.standard_name} {variable.long_name}".lower()
    low, high = variable.valid
    if low == -high:
        return "difference"
    if "day of the year" in name:
        return "plain"
    if "moisture" in name or "soil water" in name:
        return "moisture"
    if "altitude" in name or "elevation" in name:
        return "height"
    if variable.unit == "K" or "temperature" in name:
        return "thermal"
    if variable.unit == "1" and ("snow" in name or "ice" in name):
        return "cover"
    if "snow" in name or "ice" in name:
        return "snow"
    return "plain"


def _ramp(anchors: tuple[str, ...]) -> np.ndarray:
    colours = np.array([rgb(anchor) for anchor in anchors], np.float64)
    places = np.linspace(0, len(anchors) - 1, 256)
    return np.stack(
        [np.interp(places, np.arange(len(anchors)), colours[:, band]) for band in range(3)], axis=-1
    ).astype(np.uint8)
