from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from icestream_core.errors import Void
from icestream_core.period import season
from icestream_core.slot import Slot
from icestream_surface_melt.melt_reference import antarctica_reference, greenland_reference


def slot_of(day: date) -> Slot:
    interval = season().containing(datetime(day.year, day.month, day.day, tzinfo=UTC))
    assert interval is not None
    return Slot(product="melt-reference", period=interval.label, start=interval.start, end=interval.end)


def days(first: date, values: list[list[float]]) -> xr.Dataset:
    """Return brightness temperatures of one cell: a list of passes a day."""
    times, seen = [], []
    for number, of_day in enumerate(values):
        for value in of_day:
            day = first + timedelta(days=number)
            times.append(np.datetime64(day, "ns"))
            seen.append(value)
    tb = ("granule", "y", "x"), np.array(seen, np.float32).reshape(-1, 1, 1)
    return xr.Dataset({"tb_19h": tb, "tb_37v": tb}, {"time": ("granule", times)})


def test_a_day_is_the_mean_of_its_passes_and_winter_that_of_its_days() -> None:
    tb = days(date(2013, 12, 30), [[150.0, 154.0], [156.0], [160.0, 160.0, np.nan]])
    found = greenland_reference(tb, slot_of(date(2014, 2, 1)), seed_literal=False)
    assert found["winter_tb"].item() == pytest.approx((152 + 156 + 160) / 3)
    assert found["winter_deviation"].item() == pytest.approx(4.0)
    assert found["midwinter_tb"].item() == pytest.approx(160.0)
    assert found["days"].item() == 3


def test_the_swing_is_that_of_the_days_with_two_passes() -> None:
    tb = days(date(2013, 12, 30), [[150.0, 154.0], [156.0], [160.0, np.nan, 168.0]])
    found = greenland_reference(tb, slot_of(date(2014, 2, 1)), seed_literal=False)
    assert found["winter_swing"].item() == pytest.approx(6.0)
    one_pass = greenland_reference(days(date(2014, 1, 1), [[150.0]]), slot_of(date(2014, 2, 1)), seed_literal=False)
    assert np.isnan(one_pass["winter_swing"].item())


def test_a_thaw_in_winter_does_not_enter_its_mean() -> None:
    tb = days(date(2013, 12, 1), [[155.0]] * 40 + [[230.0]] * 3)
    found = greenland_reference(tb, slot_of(date(2013, 12, 1)), seed_literal=False)
    assert (found["winter_tb"].item(), found["days"].item()) == (155.0, 40)


def test_winter_is_that_of_the_hemisphere_and_other_seasons_are_void() -> None:
    tb = days(date(2014, 7, 1), [[155.0]])
    assert antarctica_reference(tb, slot_of(date(2014, 7, 1)))["midwinter_tb"].item() == 155.0
    with pytest.raises(Void, match="not the winter, which begins in 12"):
        greenland_reference(tb, slot_of(date(2014, 7, 1)), seed_literal=False)
    with pytest.raises(Void, match="not the winter, which begins in 6"):
        antarctica_reference(days(date(2014, 4, 1), [[155.0]]), slot_of(date(2014, 4, 1)))


def test_the_text_of_the_dataset_can_be_taken_by_its_word() -> None:
    """It says June to August, and July, of Greenland too."""
    july = slot_of(date(2014, 7, 1))
    assert greenland_reference(days(date(2014, 7, 1), [[170.0]]), july, seed_literal=True)["winter_tb"].item() == 170.0
    with pytest.raises(Void, match="begins in 6"):
        greenland_reference(days(date(2014, 1, 1), [[170.0]]), slot_of(date(2014, 1, 1)), seed_literal=True)


def test_where_nothing_was_seen_there_is_no_reference() -> None:
    found = greenland_reference(days(date(2014, 2, 1), [[np.nan]]), slot_of(date(2014, 2, 1)), seed_literal=False)
    assert all(
        np.isnan(found[name]).all()
        for name in ("winter_tb", "winter_deviation", "midwinter_tb", "winter_swing", "days")
    )
