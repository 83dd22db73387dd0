"""Named intervals of time: the period that one slot of a product covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from icestream_core.errors import GranuleError

PeriodKind = Literal[
    "granule", "hour", "day", "8-day", "dekad", "month", "season", "hydrological-year", "year", "irregular", "singleton"
]

EPOCH = datetime(1800, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(2200, 1, 1, tzinfo=UTC)
"""Nothing is observed before the one or after the other, so that no arithmetic leaves the calendar."""

MOST_PERIODS = 10_000
"""A granule may overlap so many periods of a product: more than a year of hours."""


class Interval(NamedTuple):
    """One period: start (inclusive), end (exclusive), both UTC, and the label that names it."""

    start: datetime
    end: datetime
    label: str

    @property
    def middle(self) -> datetime:
        return self.start + (self.end - self.start) / 2


class Period(BaseModel):
    """How time is cut for a product.

    edges : for `irregular` only: the starts of the periods and, last, the end of the last one
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: PeriodKind
    edges: tuple[AwareDatetime, ...] = ()

    @model_validator(mode="after")
    def _edges_belong_to_irregular_periods(self) -> Self:
        if (self.kind == "irregular") != bool(self.edges):
            raise ValueError(
                f"a period of kind {self.kind!r} with {len(self.edges)} edges: edges go with 'irregular' only"
            )
        if any(later <= earlier for earlier, later in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("the edges of an irregular period must ascend")
        return self

    def containing(self, moment: datetime) -> Interval | None:
        """Return the period in which a moment lies; None where there is none (before or after irregular edges)."""
        if self.kind == "singleton":
            return Interval(EPOCH, END_OF_TIME, "all")
        if self.kind == "irregular":
            return self._irregular(moment)
        if self.kind == "granule":
            return _of_one_granule(moment, moment + timedelta(microseconds=1))
        start = self._start(moment)
        return Interval(start, self._next(start), self._label(start))

    def of_granule(self, start: datetime, end: datetime) -> list[Interval]:
        """Return the periods that a granule's interval [start, end) overlaps; GranuleError for too many."""
        if self.kind == "granule":
            return [_of_one_granule(start, end)]
        found: list[Interval] = []
        moment = start
        last = max(start, end - timedelta(microseconds=1))
        while moment <= last:
            interval = self.containing(moment)
            if interval is None:
                later = [edge for edge in self.edges if edge > moment]
                if not later:
                    break
                moment = later[0]
                continue
            found.append(interval)
            if len(found) > MOST_PERIODS:
                raise GranuleError(
                    f"a granule from {start} to {end} overlaps more than {MOST_PERIODS} periods of kind {self.kind}; "
                    "split it, or read it as an ancillary"
                )
            moment = interval.end
        return found

    def shift(self, interval: Interval, steps: int) -> Interval | None:
        """Return the period `steps` after the given one (before it, where negative)."""
        if self.kind in ("granule", "singleton"):
            return interval if steps == 0 else None
        current: Interval | None = interval
        for _ in range(abs(steps)):
            if current is None:
                return None
            moment = current.end if steps > 0 else current.start - timedelta(microseconds=1)
            current = self.containing(moment)
        return current

    def steps_between(self, origin: Interval, moment: datetime, limit: int = 400) -> int | None:
        """Return how many periods after `origin` the moment lies; None where that is more than `limit` away."""
        current: Interval | None = origin
        direction = 1 if moment >= origin.start else -1
        for count in range(limit + 1):
            if current is None:
                return None
            if current.start <= moment < current.end:
                return count * direction
            current = self.shift(current, direction)
        return None

    def _irregular(self, moment: datetime) -> Interval | None:
        for start, end in zip(self.edges, self.edges[1:], strict=False):
            if start <= moment < end:
                return Interval(start.astimezone(UTC), end.astimezone(UTC), f"{start.astimezone(UTC):%Y%m%d}")
        return None

    def _start(self, moment: datetime) -> datetime:
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match self.kind:
            case "hour":
                return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            case "day":
                return day
            case "8-day":
                return day - timedelta(days=(day.timetuple().tm_yday - 1) % 8)
            case "dekad":
                return day.replace(day=1 + 10 * min((day.day - 1) // 10, 2))
            case "month":
                return day.replace(day=1)
            case "season":
                return _months_on(day.replace(day=1), -(day.month % 3))
            case "hydrological-year":
                return day.replace(year=day.year if day.month >= 9 else day.year - 1, month=9, day=1)
            case _:
                return day.replace(month=1, day=1)

    def _next(self, start: datetime) -> datetime:
        match self.kind:
            case "hour":
                return start + timedelta(hours=1)
            case "day":
                return start + timedelta(days=1)
            case "8-day":
                return min(start + timedelta(days=8), start.replace(year=start.year + 1, month=1, day=1))
            case "dekad":
                return start + timedelta(days=10) if start.day < 21 else _months_on(start.replace(day=1), 1)
            case "month":
                return _months_on(start, 1)
            case "season":
                return _months_on(start, 3)
            case _:
                return start.replace(year=start.year + 1)

    def _label(self, start: datetime) -> str:
        match self.kind:
            case "hour":
                return f"{start:%Y%m%dT%H}"
            case "day" | "dekad":
                return f"{start:%Y%m%d}"
            case "8-day":
                return f"{start:%Y%j}"
            case "month" | "season":
                return f"{start:%Y%m}"
            case _:
                return f"{start:%Y}"


def _of_one_granule(start: datetime, end: datetime) -> Interval:
    """Return the period of a granule that is one by itself; a fraction of a second tells those of one second apart."""
    begin = start.astimezone(UTC)
    return Interval(begin, end.astimezone(UTC), f"{begin:%Y%m%dT%H%M%S}" + (f"{begin:%f}" if begin.microsecond else ""))


def _months_on(first_of_month: datetime, months: int) -> datetime:
    index = first_of_month.year * 12 + first_of_month.month - 1 + months
    return first_of_month.replace(year=index // 12, month=index % 12 + 1)


def granule() -> Period:
    """One slot for each granule that triggers."""
    return Period(kind="granule")


def hour() -> Period:
    """Clock hours, UTC."""
    return Period(kind="hour")


def day() -> Period:
    """Calendar days, UTC."""
    return Period(kind="day")


def eight_day() -> Period:
    """Eight-day periods that restart on 1 January, as MODIS composites do."""
    return Period(kind="8-day")


def dekad() -> Period:
    """Days 1-10, 11-20, 21 to the month's end."""
    return Period(kind="dekad")


def month() -> Period:
    """Calendar months."""
    return Period(kind="month")


def season() -> Period:
    """Meteorological seasons: December-February, March-May, June-August, September-November."""
    return Period(kind="season")


def hydrological_year() -> Period:
    """From 1 September to the next 1 September."""
    return Period(kind="hydrological-year")


def year() -> Period:
    """Calendar years."""
    return Period(kind="year")


def irregular(*edges: datetime) -> Period:
    """Periods between the given edges, such as five-year epochs."""
    return Period(kind="irregular", edges=edges)


def singleton() -> Period:
    """One slot for all time: inventories, static maps."""
    return Period(kind="singleton")
