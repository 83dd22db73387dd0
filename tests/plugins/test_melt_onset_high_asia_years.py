"""The files of all years: each year in its band, whatever is missing, and made anew as the newest goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from core.specimens import granule
from icestream_core.errors import Void
from icestream_core.gather import gather
from icestream_core.naming import dataset_path
from icestream_core.period import year
from icestream_core.pick import Recorded
from icestream_core.plugins import load
from icestream_core.slot import Slot
from icestream_core.touch import touches
from icestream_surface_melt.melt_onset_high_asia import FOUND, HIGH_ASIA_025, NO_SNOW, NOT_SO_FAR
from icestream_surface_melt.melt_onset_high_asia_years import MOST_YEARS, PRODUCT, melt_onset_high_asia_years
from plugins.stream import Stream


def slot_of(number: int, variant: str = "cold") -> Slot:
    interval = year().containing(datetime(number, 1, 1, tzinfo=UTC))
    assert interval is not None
    return Slot(product=PRODUCT.name, period=interval.label, start=interval.start, end=interval.end, variant=variant)


def years_of(newest: int, **told: tuple[list[float], list[int]]) -> dict[str, Any]:
    """Return what is made of onsets and status of some years: y2018=([100.0, nan], [FOUND, NO_SNOW])."""
    steps = np.arange(1 - MOST_YEARS, 1)
    onset, status = (np.full((MOST_YEARS, 1, 2), np.nan, np.float32) for _ in range(2))
    for name, (days, codes) in told.items():
        onset[int(name[1:]) - newest - 1, 0], status[int(name[1:]) - newest - 1, 0] = days, codes
    data = {"onset": (("step", "y", "x"), onset), "status": (("step", "y", "x"), status)}
    height = xr.Dataset({"elevation": (("y", "x"), np.array([[4800.0, 300.0]]))})
    return melt_onset_high_asia_years(xr.Dataset(data, {"step": steps}), height, slot_of(newest))


def test_the_newest_year_is_first_and_a_missing_one_keeps_its_place() -> None:
    made = years_of(
        2018,
        y2018=([100.0, np.nan], [FOUND, NO_SNOW]),
        y2016=([90.0, np.nan], [FOUND, NO_SNOW]),
        y1979=([np.nan, np.nan], [NOT_SO_FAR, NO_SNOW]),
        y1978=([70.0, 70.0], [FOUND, FOUND]),
    )
    onset = made["onset"]
    assert onset["year"].values.tolist() == list(range(2018, 1978, -1))
    np.testing.assert_array_equal(onset.values[:3, 0, 0], [100.0, np.nan, 90.0])
    assert np.isnan(onset.values[3:]).all()
    # In 1978, which is in no band, snow lay on the other cell too.
    np.testing.assert_array_equal(made["elevation_of_snow"], [[4800.0, np.nan]])
    np.testing.assert_array_equal(made["elevation"], [[4800.0, 300.0]])


def test_before_any_year_it_is_void() -> None:
    with pytest.raises(Void, match="no year"):
        years_of(2018)


def test_a_year_makes_the_files_of_later_years_anew_and_opens_its_own() -> None:
    first = granule(0, "melt-onset-high-asia", start=slot_of(2014).start, days=365, variant="cold")
    found = touches(PRODUCT, first)
    assert [touch.interval.label for touch in found if touch.interval and touch.opens] == ["2014"]
    assert {touch.interval.label for touch in found if touch.interval} == {str(2014 + n) for n in range(MOST_YEARS)}
    settle = timedelta(minutes=10)
    rows = [Recorded(first, slot_of(2014).start + timedelta(days=100))]
    early = gather(PRODUCT, slot_of(2014), rows, slot_of(2014).start + timedelta(days=101), settle)
    assert (early.action, early.stage) == ("make", "provisional")
    late = gather(PRODUCT, slot_of(2014), rows, slot_of(2014).end + timedelta(days=9), settle)
    assert (late.action, late.stage, len(late.missing)) == ("make", "final", MOST_YEARS - 1)


def test_the_files_are_called_am_and_pm_in_a_folder_of_the_year(tmp_path: Path) -> None:
    stream = Stream(tmp_path, load(), date(2014, 2, 4))
    case = stream.case(PRODUCT.name)
    assert case.task.slot.variant == "cold"
    manifest = case.make(tmp_path / "out").manifest
    assert [file.name for file in manifest.of_role("delivery")] == ["am.tif"]
    assert dataset_path(case.task.slot) == f"datasets/{PRODUCT.name}/2014"
    with rasterio.open(tmp_path / "out" / "am.tif") as file:
        assert file.count == 2014 - 1979 + 1 + 2
        assert file.descriptions[:2] == ("2014", "2013")
        assert file.descriptions[-3:] == ("1979", "elevation", "elevation_of_snow")
        assert (file.shape, file.nodata, set(file.dtypes)) == (HIGH_ASIA_025.shape, -9999, {"int16"})
        assert (file.read(2) == -9999).all()
        assert file.read(file.count - 1).max() > 5000
