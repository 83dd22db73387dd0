"""How time is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_core import period as periods
from icestream_core.errors import GranuleError
from icestream_core.period import Interval, Period

EPOCHS = periods.irregular(*(datetime(year, 1, 1, tzinfo=UTC) for year in (1990, 1995, 2000, 2005, 2011)))
REGULAR = [
    periods.hour(),
    periods.day(),
    periods.eight_day(),
    periods.dekad(),
    periods.month(),
    periods.season(),
    periods.hydrological_year(),
    periods.year(),
]
moments = st.datetimes(datetime(1850, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def at(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]


def containing(period: Period, moment: datetime) -> Interval:
    found = period.containing(moment)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("period", "moment", "start", "end", "label"),
    [
        (periods.hour(), at(2020, 5, 1, 13, 59), at(2020, 5, 1, 13), at(2020, 5, 1, 14), "20200501T13"),
        (periods.day(), at(2020, 2, 29, 23, 59), at(2020, 2, 29), at(2020, 3, 1), "20200229"),
        (periods.eight_day(), at(2019, 1, 8), at(2019, 1, 1), at(2019, 1, 9), "2019001"),
        (periods.eight_day(), at(2019, 12, 30), at(2019, 12, 27), at(2020, 1, 1), "2019361"),
        (periods.eight_day(), at(2020, 12, 31), at(2020, 12, 26), at(2021, 1, 1), "2020361"),
        (periods.dekad(), at(2020, 2, 10, 23), at(2020, 2, 1), at(2020, 2, 11), "20200201"),
        (periods.dekad(), at(2020, 2, 29), at(2020, 2, 21), at(2020, 3, 1), "20200221"),
        (periods.dekad(), at(2020, 1, 31), at(2020, 1, 21), at(2020, 2, 1), "20200121"),
        (periods.month(), at(2020, 12, 31), at(2020, 12, 1), at(2021, 1, 1), "202012"),
        (periods.season(), at(2020, 2, 29), at(2019, 12, 1), at(2020, 3, 1), "201912"),
        (periods.season(), at(2020, 12, 1), at(2020, 12, 1), at(2021, 3, 1), "202012"),
        (periods.season(), at(2020, 8, 31), at(2020, 6, 1), at(2020, 9, 1), "202006"),
        (periods.hydrological_year(), at(2020, 8, 31), at(2019, 9, 1), at(2020, 9, 1), "2019"),
        (periods.hydrological_year(), at(2020, 9, 1), at(2020, 9, 1), at(2021, 9, 1), "2020"),
        (periods.year(), at(2020, 12, 31), at(2020, 1, 1), at(2021, 1, 1), "2020"),
        (EPOCHS, at(1999, 12, 31), at(1995, 1, 1), at(2000, 1, 1), "19950101"),
        (EPOCHS, at(2010, 6, 1), at(2005, 1, 1), at(2011, 1, 1), "20050101"),
    ],
)
def test_a_moment_lies_in_the_period_that_its_dataset_means(
    period: Period, moment: datetime, start: datetime, end: datetime, label: str
) -> None:
    assert containing(period, moment) == Interval(start, end, label)


def test_eight_day_periods_restart_on_the_first_of_january() -> None:
    last = containing(periods.eight_day(), at(2019, 12, 31))
    following = periods.eight_day().shift(last, 1)
    assert following == Interval(at(2020, 1, 1), at(2020, 1, 9), "2020001")
    assert last.end - last.start == timedelta(days=5)


def test_a_leap_year_has_one_period_of_six_days() -> None:
    last = containing(periods.eight_day(), at(2020, 12, 31))
    assert last.end - last.start == timedelta(days=6)


@pytest.mark.parametrize("period", REGULAR, ids=lambda period: period.kind)
@given(moment=moments, steps=st.integers(-40, 40))
def test_shifting_there_and_back_ends_where_it_began(period: Period, moment: datetime, steps: int) -> None:
    own = containing(period, moment)
    there = period.shift(own, steps)
    assert there is not None
    assert period.shift(there, -steps) == own
    assert period.steps_between(own, there.start) == steps
    assert period.steps_between(own, there.end - timedelta(microseconds=1)) == steps


@pytest.mark.parametrize("period", REGULAR, ids=lambda period: period.kind)
@given(moment=moments)
def test_periods_follow_each_other_without_gap_or_overlap(period: Period, moment: datetime) -> None:
    own = containing(period, moment)
    following = period.shift(own, 1)
    assert own.start <= moment < own.end
    assert following is not None
    assert following.start == own.end
    assert following.label != own.label
    assert containing(period, own.start) == own == containing(period, own.end - timedelta(microseconds=1))


@pytest.mark.parametrize("period", [*REGULAR, EPOCHS], ids=lambda period: period.kind)
@given(moment=moments, length=st.timedeltas(timedelta(microseconds=1), timedelta(days=40)))
def test_a_granule_is_of_every_period_that_it_overlaps(period: Period, moment: datetime, length: timedelta) -> None:
    found = period.of_granule(moment, moment + length)
    assert all(each.start < moment + length and moment < each.end for each in found)
    assert len({each.label for each in found}) == len(found)
    for probe in (moment, moment + length / 2, moment + length - timedelta(microseconds=1)):
        inside = period.containing(probe)
        assert inside is None or inside in found


def test_a_granule_that_ends_at_midnight_is_not_of_the_next_day() -> None:
    assert [each.label for each in periods.day().of_granule(at(2020, 1, 1), at(2020, 1, 2))] == ["20200101"]


def test_a_granule_before_the_first_edge_is_of_the_periods_that_it_reaches_into() -> None:
    assert [each.label for each in EPOCHS.of_granule(at(1980, 1, 1), at(1996, 1, 1))] == ["19900101", "19950101"]
    assert EPOCHS.of_granule(at(2011, 1, 1), at(2012, 1, 1)) == []
    assert EPOCHS.containing(at(1989, 1, 1)) is None


def test_irregular_periods_end_where_their_edges_end() -> None:
    last = containing(EPOCHS, at(2010, 1, 1))
    assert EPOCHS.shift(last, 1) is None
    assert EPOCHS.shift(last, -4) is None
    assert EPOCHS.shift(last, -3) == containing(EPOCHS, at(1990, 1, 1))


def test_a_time_of_another_zone_is_of_the_period_in_utc() -> None:
    tibet = timezone(timedelta(hours=8))
    assert containing(periods.day(), datetime(2020, 1, 2, 6, tzinfo=tibet)).label == "20200101"
    (scene,) = periods.granule().of_granule(
        datetime(2020, 1, 2, 6, tzinfo=tibet), datetime(2020, 1, 2, 7, tzinfo=tibet)
    )
    assert scene.label == "20200101T220000"
    assert scene.start.tzinfo is UTC


def test_two_scenes_that_begin_in_one_second_are_two_periods() -> None:
    one, other = (
        periods.granule().of_granule(start, at(2020, 1, 2))[0]
        for start in (at(2020, 1, 1), at(2020, 1, 1) + timedelta(milliseconds=5))
    )
    assert (one.label, other.label) == ("20200101T000000", "20200101T000000005000")


def test_a_scene_and_all_time_have_no_neighbours() -> None:
    (scene,) = periods.granule().of_granule(at(2020, 1, 1), at(2020, 1, 2))
    everything = containing(periods.singleton(), at(1850, 1, 1))
    assert periods.granule().shift(scene, 1) is None
    assert periods.singleton().shift(everything, -1) is None
    assert periods.singleton().of_granule(at(1962, 1, 1), at(1963, 1, 1)) == [everything]
    assert everything.start < at(1962, 1, 1)


def test_a_granule_of_all_time_opens_no_flood_of_hours() -> None:
    with pytest.raises(GranuleError, match="more than 10000 periods of kind hour"):
        periods.hour().of_granule(periods.EPOCH, periods.END_OF_TIME)


def test_edges_ascend_and_belong_to_irregular_periods_only() -> None:
    with pytest.raises(ValueError, match="must ascend"):
        periods.irregular(at(2000, 1, 1), at(1990, 1, 1))
    with pytest.raises(ValueError, match="'irregular' only"):
        Period(kind="day", edges=(at(2000, 1, 1), at(2001, 1, 1)))
    with pytest.raises(ValueError, match="'irregular' only"):
        Period(kind="irregular")
    with pytest.raises(ValueError, match="timezone"):
        Period(kind="irregular", edges=(datetime(2000, 1, 1), datetime(2001, 1, 1)))  # noqa: DTZ001 - what is refused


def test_counting_steps_gives_up_in_the_end() -> None:
    own = containing(periods.day(), at(2020, 1, 1))
    assert periods.day().steps_between(own, at(2030, 1, 1)) is None
    assert periods.day().steps_between(own, at(2021, 1, 1), limit=366) == 366
