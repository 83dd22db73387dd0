from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_readers.dates import calendar_day, day_of_year


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2100, 1, 1)))
def test_every_day_reads_back_in_both_spellings(given_day: date) -> None:
    day = datetime(given_day.year, given_day.month, given_day.day, tzinfo=UTC)
    assert day_of_year(f"{day:%Y%j}") == day
    assert calendar_day(f"{day:%Y%m%d}") == day


def test_day_366_is_a_day_of_leap_years_only() -> None:
    assert day_of_year("2012366") == datetime(2012, 12, 31, tzinfo=UTC)
    assert day_of_year("2013366") is None


@pytest.mark.parametrize(
    "text", ["2014000", "2014367", "201432", "20140032", "+014032", "2014_32", "2014 32", "٢٠١٤٠٣٢", "0000001"]
)
def test_what_is_no_day_of_a_year_is_none(text: str) -> None:
    assert day_of_year(text) is None


@pytest.mark.parametrize("text", ["20140229", "20141301", "20140001", "2014021", "2014020a", "00000101"])
def test_what_is_no_calendar_day_is_none(text: str) -> None:
    assert calendar_day(text) is None
