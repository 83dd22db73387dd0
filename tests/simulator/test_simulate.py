from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from icestream_simulator.demo import default_demo
from icestream_simulator.new_file import new_file
from icestream_simulator.simulate import cold_pass, simulate
from icestream_simulator.truth import Truth

DAY = date(2014, 2, 1)


@pytest.mark.parametrize(
    ("collection", "day"), [("nsidc-0032", DAY), ("nsidc-0071", date(1980, 1, 2)), ("amsr2-l3-tb", DAY)]
)
def test_the_same_seed_gives_the_same_bytes_and_another_edition_does_not(
    collection: str, day: date, truth: Truth, tmp_path: Path
) -> None:
    first, again, corrected = (
        simulate(collection, day, day, tmp_path / name, seed=1, truth=world, passes=["D"], edition=edition)
        for name, world, edition in (("a", truth, 0), ("b", None, 0), ("c", truth, 1))
    )
    assert [path.name for path in first] == [path.name for path in again] == [path.name for path in corrected]
    for one, same, other in zip(first, again, corrected, strict=True):
        assert one.read_bytes() == same.read_bytes()
        assert one.read_bytes() != other.read_bytes()


def test_progress_counts_to_the_end(truth: Truth, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    files = simulate(
        "nsidc-0032", DAY, DAY, tmp_path, truth=truth, progress=lambda done, total, _: calls.append((done, total))
    )
    assert calls == [(1, 2), (2, 2)]
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_a_file_that_fails_leaves_nothing_behind_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "granule"
    path.write_text("old")

    def fail() -> None:
        with new_file(path) as hidden:
            hidden.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        fail()
    assert [found.name for found in tmp_path.iterdir()] == ["granule"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("envisat-asar", DAY, DAY), "no collection 'envisat-asar' is simulated; there are nsidc-0032"),
        (("amsr2-l3-tb", date(2005, 1, 1), date(2005, 1, 2)), "nothing of amsr2-l3-tb measured.*GW1 2012-07-03"),
        (("nsidc-0032", DAY, date(2014, 1, 1)), "the first must not be after the last"),
    ],
)
def test_what_cannot_be_simulated_is_said(arguments: tuple[str, date, date], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(*arguments, tmp_path)


def test_an_unknown_platform_or_grid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no platform 'F99' in nsidc-0032; there are F08"):
        simulate("nsidc-0032", DAY, DAY, tmp_path, platform="F99")
    with pytest.raises(ValueError, match="no EASE-Grid 'XX'; there are ML, NL, SL"):
        simulate("nsidc-0032", DAY, DAY, tmp_path, grid="XX")
    with pytest.raises(ValueError, match="no MODIS tile 'h99v99'"):
        simulate("mod10a2", DAY, DAY, tmp_path, tiles=["h99v99"])


def test_the_cold_pass_is_descending_but_for_f08() -> None:
    assert cold_pass("nsidc-0032", date(1988, 1, 1)) == "A"
    assert cold_pass("nsidc-0032", DAY) == "D"
    assert cold_pass("amsr2-l3-tb", DAY) == "D"


def test_the_demonstration_is_of_the_past_and_its_days_have_composites() -> None:
    today = date(2026, 11, 23)
    orders = default_demo(today).orders
    assert {order.collection for order in orders} == {"mod10a2", "myd10a2", "amsr2-l3-tb"}
    assert all(order.end < today for order in orders)
    (microwave,) = (order for order in orders if order.collection == "amsr2-l3-tb")
    assert microwave.end == orders[0].end
    assert (orders[0].end - orders[0].start).days == 23


def test_the_demonstration_crosses_a_new_year() -> None:
    """The last period of a year is cut off at its end: the days still lie in the last composite."""
    orders = default_demo(date(2027, 1, 4)).orders
    assert orders[0].end == date(2026, 12, 31)
    assert orders[-1].start == date(2026, 12, 27)
