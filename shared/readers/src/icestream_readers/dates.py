"""Dates as file names write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def calendar_day(text: str) -> datetime | None:
    """Return the UTC day written as yyyymmdd; None where there is no such day."""
    if not _is_digits(text, 8):
        return None
    try:
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC)
    except ValueError:
        return None


def day_of_year(text: str) -> datetime | None:
    """Return the UTC day written as yyyyddd; None where there is no such day.

    `strptime` makes day 366 of a common year the first of the next: here it is no day.
    """
    if not _is_digits(text, 7) or text[:4] == "0000":
        return None
    year, day = int(text[:4]), int(text[4:])
    length = (datetime(year, 12, 31, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)).days + 1
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day - 1) if 1 <= day <= length else None


def _is_digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdecimal()
