"""Filters: a slot that does not pass is void and says why; one that cannot be looked at does not pass."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import xarray as xr

from generation.samples import COLLECTIONS, SOFTWARE, on_grid, stored, task
from icestream_core.errors import RecordError, Void
from icestream_core.filter import Coverage, Filter, Season, SunElevation, ValidShare
from icestream_core.grid import Grid, lonlat
from icestream_core.product import product_of
from icestream_core.slot import Slot
from icestream_generation.filters import filter_area
from icestream_generation.generate import generate
from icestream_generation.inputs import Gathered

AREA = lonlat("area", 70.0, 40.0, 1.0, 10, 10)
NORTH = lonlat("north", 20.0, 85.0, 1.0, 10, 10)
JUNE, DECEMBER = datetime(2014, 6, 21, tzinfo=UTC), datetime(2014, 12, 21, tzinfo=UTC)


def same(field: xr.Dataset) -> dict[str, Any]:
    return {"field": field["tb"]}


def make(
    tmp_path: Path,
    wanted: Filter,
    values: float | Any = 250.0,
    footprint: tuple[float, float, float, float] | None = None,
    at: datetime = JUNE,
    grid: Grid = AREA,
) -> None:
    """Make a field through one filter; raises Void where it does not pass."""
    cells = np.broadcast_to(np.asarray(values, np.float32), grid.shape).copy()
    file = stored(tmp_path / "in.npz", {"tb": cells}, grid, footprint=footprint)
    product = on_grid(grid, same).model_copy(update={"filters": (wanted,)})
    files = {"field": [file]}
    out = tmp_path / "out"
    out.mkdir()
    generate(product, task(product, files, at), files, COLLECTIONS, out, SOFTWARE)


HALF = (70.0, 30.0, 75.0, 40.0)
CROSSING = (75.0, 30.0, 74.9, 40.0)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Coverage(input="field", at_least=0.5), {"footprint": HALF}),
        (Coverage(input="field", at_least=0.99), {"footprint": CROSSING}),
        (ValidShare(input="field", variable="tb", at_least=1.0), {}),
        (SunElevation(at_least=50.0), {"at": JUNE}),
        (SunElevation(at_most=0.0), {"at": DECEMBER, "grid": NORTH}),
        (Season(months=(5, 6, 7)), {"at": JUNE}),
    ],
)
def test_what_passes_is_made(tmp_path: Path, wanted: Filter, given: Any) -> None:
    make(tmp_path, wanted, **given)


def test_a_field_without_cells_does_not_pass() -> None:
    """The mean of nothing is no number, and less than nothing else."""
    empty = Gathered({"field": xr.Dataset({"tb": (("y", "x"), np.empty((0, 10)))})}, AREA)
    product = on_grid(AREA, same).model_copy(
        update={"filters": (ValidShare(input="field", variable="tb", at_least=0.1),)}
    )
    with pytest.raises(Void, match=r"cannot be evaluated: field\.tb has no cells"):
        filter_area(product, cast("Slot", None), {}, empty)


HOLED = np.where(np.arange(100).reshape(10, 10) < 30, np.nan, 250.0)


@pytest.mark.parametrize(
    ("wanted", "given", "reason"),
    [
        (
            Coverage(input="field", at_least=0.6),
            {"footprint": HALF},
            r"filter coverage: field covers 50.0% of the area; wanted 60.0%",
        ),
        (
            ValidShare(input="field", variable="tb", at_least=0.8),
            {"values": HOLED},
            r"filter valid: 70.0% of field.tb has a value; wanted 80.0%",
        ),
        (
            SunElevation(at_least=10.0),
            {"at": DECEMBER, "grid": NORTH},
            r"filter sun: the sun stands at -1\d.\d degrees at its highest; wanted 10 to 90",
        ),
        (Season(months=(5, 6)), {"at": DECEMBER}, "filter season: the period begins in month 12; wanted one of 5, 6"),
    ],
)
def test_what_does_not_pass_is_void_and_says_what_was_found(
    tmp_path: Path, wanted: Filter, given: Any, reason: str
) -> None:
    with pytest.raises(Void, match=reason):
        make(tmp_path, wanted, **given)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Coverage(input="field", at_least=0.1), "filter coverage cannot be evaluated: .* tells no footprint"),
        (
            ValidShare(input="field", variable="snow", at_least=0.1),
            "filter valid cannot be evaluated: input field has no snow; it has tb",
        ),
    ],
)
def test_what_cannot_be_evaluated_does_not_pass(tmp_path: Path, wanted: Filter, reason: str) -> None:
    with pytest.raises(Void, match=reason):
        make(tmp_path, wanted)


def test_the_sun_at_noon_of_midsummer_stands_where_geometry_has_it(tmp_path: Path) -> None:
    """90 degrees less the latitude's distance from the tropic: 90 - (34.5 - 23.4)."""
    with pytest.raises(Void, match=r"at (7[89]|80)\.\d degrees"):
        make(tmp_path, SunElevation(at_most=60.0))


def test_a_filter_of_an_input_that_is_none_is_refused() -> None:
    record = on_grid(AREA, same).record() | {"filters": [{"kind": "coverage", "input": "snow", "at_least": 0.5}]}
    with pytest.raises(RecordError, match="filter coverage is of input 'snow'; inputs are field"):
        product_of(record)


def test_a_record_carries_its_filters() -> None:
    product = on_grid(AREA, same).model_copy(update={"filters": (Season(months=(6,)), SunElevation(at_least=3.0))})
    assert product_of(product.record()).filters == product.filters
