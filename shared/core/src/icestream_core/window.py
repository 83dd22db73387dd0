"""Windows: which periods around its own a slot reads an input from. Plain data; offsets count the product's periods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from icestream_core.period import Interval, Period


class _Window(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Steps(_Window):
    """The periods from `first` to `last`, counted from the slot's own (0)."""

    kind: Literal["steps"] = "steps"
    first: int = Field(default=0, ge=-400, le=0)
    last: int = Field(default=0, ge=0, le=400)


class SeasonToDate(_Window):
    """From the season's start (a month of the year) to the slot's own period."""

    kind: Literal["season-to-date"] = "season-to-date"
    first_month: int = Field(ge=1, le=12)


class SameSeason(_Window):
    """The slot's own period and `around` periods on either side, in this year and the `years` before it."""

    kind: Literal["same-season"] = "same-season"
    years: int = Field(default=0, ge=0, le=60)
    around: int = Field(default=0, ge=0, le=60)


EARLIER_YEARS = -500
"""Of the window `same-season`: steps below this lie in earlier years."""


class LatestBefore(_Window):
    """The latest granule that starts before the slot ends, not older than `days`."""

    kind: Literal["latest-before"] = "latest-before"
    days: float = Field(default=36_500.0, gt=0, le=36_500.0)


Window = Annotated[Steps | SeasonToDate | SameSeason | LatestBefore, Field(discriminator="kind")]


def same() -> Steps:
    """The slot's own period."""
    return Steps()


def steps(first: int, last: int) -> Steps:
    """The periods from `first` (0 or less) to `last` (0 or more)."""
    return Steps(first=first, last=last)


def season_to_date(first_month: int) -> SeasonToDate:
    """From the first of a month to the slot's own period."""
    return SeasonToDate(first_month=first_month)


def same_season(years: int, around: int) -> SameSeason:
    """The same time of the year, this year and before."""
    return SameSeason(years=years, around=around)


def latest_before(days: float = 36_500.0) -> LatestBefore:
    """The latest one before the slot's end."""
    return LatestBefore(days=days)


def spans(window: Window, period: Period, own: Interval) -> list[tuple[int, Interval]]:
    """Return the intervals that a slot reads, each with its offset in periods.

    For `latest-before` this is one interval that ends where the slot ends. For earlier years the offset goes on
    counting down: 1,000 for every year back, so that no two intervals share one.
    """
    match window:
        case LatestBefore(days=days):
            return [(0, Interval(own.end - timedelta(days=days), own.end, own.label))]
        case SeasonToDate(first_month=first_month):
            return _back_to(period, own, _season_start(own, first_month))
        case SameSeason(years=years, around=around):
            found = []
            for back in range(years + 1):
                centre = own if back == 0 else period.containing(_years_before(own.middle, back))
                if centre is not None:
                    found += [(step - 1000 * back, near) for step, near in _around(period, centre, -around, around)]
            return found
        case Steps(first=first, last=last):
            return _around(period, own, first, last)


def reach(window: Window, period: Period, observed: Interval) -> list[Interval]:
    """Return the periods of the slots that would read a granule of this period: `spans` seen from the other side.

    Not for `latest-before`: such a granule concerns every later slot that waits.
    """
    match window:
        case Steps(first=first, last=last):
            return [near for _, near in _around(period, observed, -last, -first)]
        case SeasonToDate(first_month=first_month):
            return _until_season_ends(period, observed, first_month)
        case SameSeason() if period.kind == "irregular":
            every = [found for edge in period.edges if (found := period.containing(edge)) is not None]
            return [own for own in every if observed in [near for _, near in spans(window, period, own)]]
        case SameSeason(years=years, around=around):
            later = [near for ahead in range(years + 1) for near in _ahead(period, observed, ahead, around)]
            return list(dict.fromkeys(later))
        case LatestBefore():
            return [observed]


def _around(period: Period, own: Interval, first: int, last: int) -> list[tuple[int, Interval]]:
    shifted = ((step, period.shift(own, step)) for step in range(first, last + 1))
    return [(step, near) for step, near in shifted if near is not None]


def _back_to(period: Period, own: Interval, start: datetime) -> list[tuple[int, Interval]]:
    found = [(0, own)]
    step, near = 0, period.shift(own, -1)
    while near is not None and near.end > start:
        step -= 1
        found.append((step, near))
        near = period.shift(near, -1)
    return found[::-1]


def _season_start(own: Interval, first_month: int) -> datetime:
    year = own.start.year if own.start.month >= first_month else own.start.year - 1
    return own.start.replace(year=year, month=first_month, day=1, hour=0, minute=0, second=0, microsecond=0)


def _until_season_ends(period: Period, observed: Interval, first_month: int) -> list[Interval]:
    found = []
    near: Interval | None = observed
    while near is not None and observed.end > _season_start(near, first_month):
        found.append(near)
        near = period.shift(near, 1)
    return found


def _ahead(period: Period, observed: Interval, years: int, around: int) -> list[Interval]:
    """Return the periods, so many years on, whose own look back by so many years finds the observed one.

    One more on either side is asked, because two days (28 and 29 February) look back on one.
    """
    centre = observed if years == 0 else period.containing(_years_before(observed.middle, -years))
    found = []
    for _, near in _around(period, centre, -around - 1, around + 1) if centre is not None else ():
        back = near if years == 0 else period.containing(_years_before(near.middle, years))
        if back is not None and any(seen.label == observed.label for _, seen in _around(period, back, -around, around)):
            found.append(near)
    return found


def _years_before(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        # 29 February, in a year that has none.
        return moment.replace(year=moment.year - years, day=28)
