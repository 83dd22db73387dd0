"""The filters beside the authors' rules, written another way, and beside brute force."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from icestream_readers.modis_snow_format import CODES
from icestream_snow_cover.moyd_filter import (
    CLOUD,
    CLOUD_CODES,
    NO_SNOW,
    NO_SNOW_CODES,
    SNOW,
    SNOW_CODES,
    combine,
    recode,
    spatial_filter,
    temporal_filter,
)

CLASSES = {"S": SNOW, "L": NO_SNOW, "C": CLOUD}

PRINTED_RULES = {"SCS": "S", "LCL": "L", "SCL": "L", "LCS": "S", "CCL": "L", "CCS": "S", "LCC": "L", "SCC": "S"}
"""Eight of the ten rules in the authors' R code: composite before, cloud, composite after -> what the cloud becomes.

The other two: CCC takes the second composite after; what is cloud still takes the second composite before."""


def by_the_printed_rules(two_before: str, before: str, own: str, after: str, two_after: str) -> str:
    if own != "C":
        return own
    filled = PRINTED_RULES.get(before + own + after, two_after)
    return two_before if filled == "C" else filled


def test_every_combination_of_five_composites_follows_the_authors_ten_rules() -> None:
    words = list(product("SLC", repeat=5))
    columns = np.array([[CLASSES[letter] for letter in word] for word in words], dtype=np.uint8)
    composites = {step: columns[:, place].reshape(1, -1) for place, step in enumerate((-2, -1, 0, 1, 2))}
    expected = [CLASSES[by_the_printed_rules(*word)] for word in words]
    assert len(words) == 3**5
    assert temporal_filter(composites).ravel().tolist() == expected


def test_the_following_composite_outweighs_the_one_before() -> None:
    composites = {step: np.array([[value]], np.uint8) for step, value in ((-1, SNOW), (0, CLOUD), (1, NO_SNOW))}
    assert temporal_filter(composites).item() == NO_SNOW


@pytest.mark.parametrize("absent", [(1,), (2,), (1, 2), (-2, -1), (-2, -1, 1, 2)])
def test_a_composite_that_did_not_come_is_as_if_cloudy(absent: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(absent))
    composites = {step: rng.choice([SNOW, NO_SNOW, CLOUD], (9, 9)).astype(np.uint8) for step in range(-2, 3)}
    cloudy = composites | {step: np.full((9, 9), CLOUD, np.uint8) for step in absent}
    fewer = {step: composite for step, composite in composites.items() if step not in absent}
    np.testing.assert_array_equal(temporal_filter(fewer), temporal_filter(cloudy))


def most_common_neighbour(classes: np.ndarray) -> np.ndarray:
    """One pass by brute force: each cloud takes the mode of its clear neighbours; none: cloud; a tie: no snow."""
    result = classes.copy()
    rows, columns = classes.shape
    for row, column in product(range(rows), range(columns)):
        if classes[row, column] != CLOUD:
            continue
        near = classes[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel().tolist()
        counts = Counter(value for value in near if value != CLOUD)
        if counts:
            result[row, column] = SNOW if counts[SNOW] > counts[NO_SNOW] else NO_SNOW
    return result


tiles = hnp.arrays(np.uint8, (12, 12), elements=st.sampled_from([SNOW, NO_SNOW, CLOUD, CLOUD, CLOUD]))


@given(tiles)
def test_three_passes_take_the_commonest_clear_neighbour_each(tile: np.ndarray) -> None:
    expected = most_common_neighbour(most_common_neighbour(most_common_neighbour(tile)))
    before = tile.copy()
    np.testing.assert_array_equal(spatial_filter(tile), expected)
    np.testing.assert_array_equal(tile, before)


def test_a_cloud_five_cells_wide_keeps_nothing_and_one_of_seven_keeps_its_middle() -> None:
    for width, left in ((5, 0), (7, 1)):
        tile = np.full((width + 4, width + 4), SNOW, np.uint8)
        tile[2:-2, 2:-2] = CLOUD
        assert np.count_nonzero(spatial_filter(tile) == CLOUD) == left


def test_a_tie_between_snow_and_none_is_no_snow() -> None:
    assert spatial_filter(np.array([[SNOW, CLOUD, NO_SNOW]], np.uint8)).tolist() == [[SNOW, NO_SNOW, NO_SNOW]]


def test_a_tile_of_nothing_but_cloud_stays_so() -> None:
    assert (spatial_filter(np.full((4, 4), CLOUD, np.uint8)) == CLOUD).all()


@pytest.mark.parametrize(
    ("terra", "aqua", "combined"),
    [
        ("S", "S", 200), ("S", "L", -200), ("S", "C", -200), ("L", "S", -200), ("C", "S", -200),
        ("C", "C", 50), ("L", "L", 25), ("L", "C", 25), ("C", "L", 25),
    ],
)  # fmt: skip
def test_two_sensors_combine_as_published(terra: str, aqua: str, combined: int) -> None:
    one, other = (np.array([[CLASSES[letter]]], np.uint8) for letter in (terra, aqua))
    assert combine(one, other).item() == combined


def test_each_code_of_the_collection_has_its_class() -> None:
    expected = {0: 50, 1: 50, 11: 50, 25: 25, 37: 25, 39: 25, 50: 50, 100: 200, 200: 200, 254: 50, 255: 50}
    assert expected.keys() == CODES.keys() == set(CLOUD_CODES + NO_SNOW_CODES + SNOW_CODES)
    codes = np.array([list(expected)], np.uint8)
    assert recode(codes).tolist() == [list(expected.values())]


def test_a_code_that_is_not_defined_is_cloud() -> None:
    codes = np.array([[code for code in range(256) if code not in CODES]], np.uint8)
    assert (recode(codes) == CLOUD).all()


def test_floats_with_gaps_are_recoded_as_whole_numbers_are() -> None:
    codes = np.array([[25, 50, 200, 100, 37]], np.uint8)
    floats = np.append(codes.astype(np.float32), np.float32(np.nan))[np.newaxis]
    np.testing.assert_array_equal(recode(floats), np.append(recode(codes), np.uint8(CLOUD))[np.newaxis])
