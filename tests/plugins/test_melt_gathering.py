"""When the melt of a day is made, of what, and when it is final."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.specimens import granule
from icestream_core.gather import Decision, Made, gather
from icestream_core.granule import Granule
from icestream_core.pick import Recorded
from icestream_core.plugins import load
from icestream_core.slot import Slot

MELT = load().products["surface-melt-greenland"]
DAY = timedelta(days=1)


def utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def tb(day: datetime, variant: str, *, platform: str = "F17", tile: str = "nl") -> Granule:
    return granule(0, "cold-pass-tb", start=day, end=day + DAY, variant=variant, platform=platform, tile=tile)


def both(day: datetime) -> list[Granule]:
    return [tb(day, "cold"), tb(day, "warm")]


def winter(year: int, **given: object) -> Granule:
    """The winter that ends in a year."""
    start, end = utc(year - 1, 12, 1), utc(year, 3, 1)
    return granule(0, "melt-reference-greenland", start=start, end=end, **given)


def albedo(day: datetime) -> list[Granule]:
    """The composites that cover eight days on either side."""
    first = day - 8 * DAY
    return [
        granule(0, "glass-albedo", start=first + 8 * n * DAY, end=first + 8 * (n + 1) * DAY, platform="MODIS")
        for n in range(3)
    ]


def decide(day: datetime, granules: list[Granule], *, after: timedelta, made: Made | None = None) -> Decision:
    slot = Slot(product=MELT.name, period=f"{day:%Y%m%d}", start=day, end=day + DAY)
    rows = [Recorded(each, day + DAY) for each in granules]
    return gather(MELT, slot, rows, day + DAY + after, timedelta(minutes=10), made)


def taken(decision: Decision) -> dict[str, list[str]]:
    return {name: [f"{given.granule.start:%Y%m%d}" for given in entries] for name, entries in decision.inputs.items()}


def test_in_winter_it_is_provisional_with_the_winter_before_and_final_with_its_own() -> None:
    day = utc(2014, 2, 1)
    early = decide(day, [*both(day), winter(2013)], after=timedelta(hours=2))
    assert (early.action, early.stage) == ("make", "provisional")
    assert taken(early)["reference"] == ["20121201"]
    assert "own_reference" not in early.inputs
    assert any("own_reference" in word for word in early.waiting_for)
    assert any("albedo" in word for word in early.waiting_for)
    whole = [*both(day), winter(2013), winter(2014), *albedo(day)]
    late = decide(day, whole, after=40 * DAY)
    assert (late.action, late.stage, late.missing) == ("make", "final", ())
    assert taken(late)["own_reference"] == ["20131201"]
    assert len(taken(late)["albedo"]) == 3


@pytest.mark.parametrize("day", [utc(2014, 3, 1), utc(2014, 7, 15), utc(2014, 11, 30)])
def test_after_winter_its_own_reference_is_there_and_it_is_final_at_once(day: datetime) -> None:
    found = decide(day, [*both(day), winter(2014), *albedo(day)], after=timedelta(hours=2))
    assert (found.action, found.stage) == ("make", "final")
    assert taken(found)["own_reference"] == taken(found)["reference"] == ["20131201"]


def test_on_the_first_of_december_a_new_winter_is_awaited() -> None:
    day = utc(2014, 12, 1)
    found = decide(day, [*both(day), winter(2014), *albedo(day)], after=timedelta(hours=2))
    assert (found.action, found.stage) == ("make", "provisional")
    assert "own_reference" not in found.inputs


@pytest.mark.parametrize(
    ("day", "own"),
    # 274 days after 1 September 1 June is over, or 31 May of a leap year: the one is of the next winter, one is lost.
    [(utc(2015, 5, 31), True), (utc(2015, 6, 1), False), (utc(2016, 5, 30), True), (utc(2016, 5, 31), False)],
)
def test_in_antarctica_a_winter_holds_until_the_next_begins(day: datetime, own: bool) -> None:
    product = load().products["surface-melt-antarctica"]
    slot = Slot(product=product.name, period=f"{day:%Y%m%d}", start=day, end=day + DAY)
    start, end = utc(day.year - 1, 6, 1), utc(day.year - 1, 9, 1)
    rows = [
        Recorded(each, day + DAY)
        for each in (
            *(tb(day, variant, tile="sl") for variant in ("cold", "warm")),
            granule(0, "melt-reference-antarctica", start=start, end=end),
        )
    ]
    found = gather(product, slot, rows, day + DAY + timedelta(hours=2), timedelta(minutes=10), None)
    assert found.action == "make"
    assert ("own_reference" in found.inputs) is own
    assert "reference" in found.inputs


def test_a_reference_that_is_not_final_is_none() -> None:
    day = utc(2014, 2, 1)
    found = decide(day, [*both(day), winter(2014, stage="provisional")], after=timedelta(hours=2))
    assert found.action == "wait"


def test_seasons_that_are_void_are_no_answer() -> None:
    day = utc(2014, 2, 1)
    void = granule(0, "melt-reference-greenland", start=utc(2013, 9, 1), end=utc(2013, 12, 1), void="not the winter")
    found = decide(day, [*both(day), winter(2013), void], after=timedelta(hours=2))
    assert (found.action, found.stage) == ("make", "provisional")
    assert any("own_reference" in word for word in found.waiting_for)


def test_without_any_winter_it_waits_for_one() -> None:
    day = utc(2014, 7, 15)
    found = decide(day, [*both(day), *albedo(day)], after=1000 * DAY)
    assert (found.action, found.due_at) == ("wait", None)
    assert found.waiting_for == ("reference (melt-reference-greenland)",)


def test_what_never_came_is_done_without_in_the_end_and_said_so() -> None:
    day = utc(2014, 2, 1)
    found = decide(day, [tb(day, "cold"), winter(2013)], after=121 * DAY)
    assert (found.action, found.stage) == ("make", "final")
    assert found.missing[0] == "tb (cold-pass-tb) variant warm"
    assert {word.split(" ")[0] for word in found.missing} == {"tb", "own_reference", "albedo"}


def test_an_albedo_that_comes_late_makes_a_provisional_day_again() -> None:
    day = utc(2014, 7, 15)
    parts = [*both(day), winter(2014), *albedo(day)[:1]]
    early = decide(day, parts, after=timedelta(hours=2))
    assert (early.action, early.stage) == ("make", "provisional")
    entries = {
        (name, given.granule.granule_id, given.granule.checksum, given.step)
        for name, of_input in early.inputs.items()
        for given in of_input
    }
    made = Made(early.inputs_hash, "provisional", frozenset(entries))
    late = decide(day, [*both(day), winter(2014), *albedo(day)], after=30 * DAY, made=made)
    assert (late.action, late.stage) == ("make", "final")


def test_two_sensors_of_one_day_are_never_mixed() -> None:
    day = utc(2014, 7, 15)
    mixed = [tb(day, "cold"), tb(day, "warm", platform="GW1", tile="eq25"), winter(2014), *albedo(day)]
    found = decide(day, mixed, after=1000 * DAY)
    assert [given.granule.platform for given in found.inputs["tb"]] == ["F17"]
    whole = [*mixed, tb(day, "cold", platform="GW1", tile="eq25")]
    assert {given.granule.platform for given in decide(day, whole, after=DAY).inputs["tb"]} == {"GW1"}
