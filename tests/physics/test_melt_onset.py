from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_physics.melt_onset import first_lasting, wet_by_rise


def days(text: str) -> np.ndarray:
    """Return a series of days: w is wet, anything else is not."""
    return np.array([letter == "w" for letter in text])


@pytest.mark.parametrize(
    ("series", "first"),
    [
        ("...www...", 3),
        ("..w.w.w..", 2),
        ("..w.....w.w.w", 8),
        ("..ww.....ww", -1),
        (".....", -1),
        ("ww......www", 8),
        ("..........w", -1),
    ],
)
def test_the_first_of_three_wet_days_in_five_is_the_onset(series: str, first: int) -> None:
    assert int(first_lasting(days(series))) == first


def test_no_day_before_the_first_counts() -> None:
    series = days("www....www")
    assert int(first_lasting(series)) == 0
    assert int(first_lasting(series, first=1)) == 7
    assert int(first_lasting(series, first=8)) == -1


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 20))
def test_it_is_what_going_day_by_day_finds(wet: list[bool], first: int) -> None:
    slowly = next((day for day in range(first, len(wet)) if wet[day] and sum(wet[day : day + 5]) >= 3), -1)
    assert int(first_lasting(wet, first)) == slowly


def test_wet_snow_rises_above_its_own_winter_and_is_warm() -> None:
    # 10 K above a steady winter, 2.5 deviations above one that varies by 6 K, and above 246 K however cold winter was.
    assert wet_by_rise([260.1, 259.9], 250.0, 2.0).tolist() == [True, False]
    assert wet_by_rise([264.9, 265.1], 250.0, 6.0).tolist() == [False, True]
    assert wet_by_rise([245.9, 246.1], 230.0, 2.0).tolist() == [False, True]
    assert wet_by_rise([np.nan, 262.0], [250.0, np.nan], 2.0).tolist() == [False, False]
