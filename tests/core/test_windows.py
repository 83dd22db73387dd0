"""Which slots a granule touches is what slots read, seen from the other side: nobody is woken in vain or forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.specimens import granule, product, recorded, slot_of, tb
from icestream_core import period as periods
from icestream_core.period import Interval, Period
from icestream_core.pick import pick
from icestream_core.touch import queries, touches
from icestream_core.window import (
    EARLIER_YEARS,
    SameSeason,
    Window,
    latest_before,
    reach,
    same,
    same_season,
    season_to_date,
    spans,
    steps,
)

EPOCHS = periods.irregular(*(datetime(year, 3, 1, tzinfo=UTC) for year in (2001, 2003, 2004, 2009, 2010, 2016)))
KINDS: list[tuple[Period, int]] = [
    (periods.hour(), 30),
    (periods.day(), 400),
    (periods.eight_day(), 60),
    (periods.dekad(), 50),
    (periods.month(), 16),
    (periods.season(), 8),
    (periods.hydrological_year(), 6),
    (periods.year(), 6),
    (EPOCHS, 6),
    (periods.singleton(), 1),
]
"""Periods, and how many of them on either side the windows below may reach."""

windows: st.SearchStrategy[Window] = st.one_of(
    st.builds(steps, st.integers(-3, 0), st.integers(0, 3)),
    st.builds(season_to_date, st.integers(1, 12)),
    st.builds(same_season, st.integers(0, 1), st.integers(0, 2)),
)
moments = st.datetimes(datetime(2002, 1, 1), datetime(2015, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def neighbours(period: Period, own: Interval, count: int) -> list[Interval]:
    """Return every period within so many of the own one."""
    found = [own]
    for direction in (-1, 1):
        near: Interval | None = own
        for _ in range(count):
            near = period.shift(near, direction) if near else None
            if near:
                found.append(near)
    return found


@pytest.mark.parametrize(("period", "count"), KINDS, ids=lambda value: getattr(value, "kind", ""))
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(window=windows, moment=moments)
@example(window=same_season(1, 1), moment=datetime(2008, 2, 29, 5, tzinfo=UTC))
@example(window=same_season(1, 0), moment=datetime(2007, 2, 28, 5, tzinfo=UTC))
@example(window=season_to_date(9), moment=datetime(2007, 9, 1, 5, tzinfo=UTC))
def test_reach_is_the_inverse_of_spans(period: Period, count: int, window: Window, moment: datetime) -> None:
    if period.kind == "hour" and not isinstance(window, type(same())):
        return
    observed = period.containing(moment)
    if observed is None:
        return
    reached = {own.label for own in reach(window, period, observed)}
    reading = {
        own.label
        for own in neighbours(period, observed, count)
        if any(near.label == observed.label for _, near in spans(window, period, own))
    }
    assert reached == reading
    assert len(reach(window, period, observed)) == len(reached)


@pytest.mark.parametrize(("period", "count"), KINDS, ids=lambda value: getattr(value, "kind", ""))
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(window=windows, moment=moments, data=st.data())
def test_a_granule_touches_a_slot_if_and_only_if_the_slot_can_use_it(
    period: Period, count: int, window: Window, moment: datetime, data: st.DataObject
) -> None:
    if period.kind == "hour" and not isinstance(window, type(same())):
        return
    of = product({"tb": tb(window=window)}, period=period)
    length = data.draw(st.floats(0.01, 3))
    given_granule = granule(start=moment, end=moment + timedelta(days=length) / (24 if period.kind == "hour" else 1))
    touched = {touch.interval.label for touch in touches(of, given_granule) if touch.interval}
    observed = period.of_granule(given_granule.start, given_granule.end)
    if not observed:
        assert touched == set()
        return
    for own in data.draw(st.lists(st.sampled_from(neighbours(period, observed[0], count)), max_size=12)):
        mine = slot_of(own, of)
        selected = any(
            query.start < given_granule.end and given_granule.start < query.end for query in queries(of, mine).values()
        )
        used = bool(pick(of, mine, "tb", recorded(given_granule) if selected else []).entries)
        assert used is (own.label in touched)


@given(window=st.builds(same_season, st.integers(0, 5), st.integers(0, 3)), moment=moments)
@settings(deadline=None)
def test_no_two_spans_of_a_slot_share_a_step_and_earlier_years_are_told_apart(
    window: SameSeason, moment: datetime
) -> None:
    own = periods.eight_day().containing(moment)
    assert own is not None
    found = spans(window, periods.eight_day(), own)
    assert len({step for step, _ in found}) == len(found)
    for step, near in found:
        assert (step < EARLIER_YEARS) is (abs(near.start - own.start) > timedelta(days=200))


def test_a_season_begins_at_midnight_also_for_hours() -> None:
    own = periods.hour().containing(datetime(2020, 9, 2, 5, tzinfo=UTC))
    assert own is not None
    found = spans(season_to_date(9), periods.hour(), own)
    assert found[0][1].start == datetime(2020, 9, 1, tzinfo=UTC)
    assert [step for step, _ in found] == list(range(-29, 1))


def test_a_season_that_began_last_year_goes_on() -> None:
    own = periods.day().containing(datetime(2020, 1, 2, tzinfo=UTC))
    assert own is not None
    assert spans(season_to_date(12), periods.day(), own)[0][1].label == "20191201"


def test_the_latest_before_ends_with_the_slot_and_goes_back_so_many_days() -> None:
    own = periods.day().containing(datetime(1968, 1, 2, tzinfo=UTC))
    assert own is not None
    ((step, near),) = spans(latest_before(30), periods.day(), own)
    assert (step, near.end - near.start, near.end) == (0, timedelta(days=30), own.end)


def test_a_window_over_years_asks_for_its_seasons_and_not_for_all_that_lies_between() -> None:
    of = product({"tb": tb(window=same_season(3, 1))}, period=periods.eight_day())
    own = periods.eight_day().containing(datetime(2010, 2, 1, tzinfo=UTC))
    assert own is not None
    asked = list(queries(of, slot_of(own, of)).values())
    assert sorted(query.start.year for query in asked) == [2007, 2008, 2009, 2010]
    assert all(query.end - query.start == timedelta(days=24) for query in asked)


def test_a_window_round_new_year_is_asked_for_once() -> None:
    of = product({"tb": tb(window=steps(-2, 2))}, period=periods.eight_day())
    own = periods.eight_day().containing(datetime(2010, 1, 1, tzinfo=UTC))
    assert own is not None
    (query,) = queries(of, slot_of(own, of)).values()
    assert (query.start, query.end) == (datetime(2009, 12, 19, tzinfo=UTC), datetime(2010, 1, 25, tzinfo=UTC))


@pytest.mark.parametrize(
    ("make", "given_values"),
    [(steps, (1, 2)), (steps, (-2, -1)), (steps, (-401, 0)), (season_to_date, (13,)), (latest_before, (1e9,))],
)
def test_a_window_beyond_its_bounds_is_refused(make: Any, given_values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        make(*given_values)
