"""What time brings: silence that is seen, and provisional products that become final."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.specimens import DAY, granule, product, tb
from gatherer.house import House, the
from icestream_core.inputs import source
from icestream_core.window import steps

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def live(number: int, **given: Any) -> Any:
    """Return a granule of so many days ago."""
    return granule(start=TODAY - number * DAY, end=TODAY - (number - 1) * DAY, **given)


def test_the_calendar_opens_the_days_on_which_nothing_came_so_that_silence_is_seen(tmp_path: Path) -> None:
    house = House(tmp_path, product())
    house.send(live(4))
    house.settle_down()
    assert house.gatherer().ticker.open_calendar() == 3
    days = [f"depth.{TODAY - number * DAY:%Y%m%d}" for number in (1, 2, 3)]
    assert [house.states()[key] for key in days[1:]] == ["hopeless", "hopeless"]
    assert the(house, days[0]).waiting_for in (("tb (tb)",), ())
    house.close()


def test_the_calendar_keeps_no_product_alive_that_is_over(tmp_path: Path) -> None:
    house = House(tmp_path, product())
    house.send(live(12), granule())
    house.settle_down()
    assert house.gatherer().ticker.open_calendar() == 0
    assert len(house.states()) == 2
    house.close()


def test_silent_slots_themselves_keep_no_product_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, product())
    house.send(live(9))
    house.settle_down()
    house.gatherer().ticker.open_calendar()
    opened = len(house.states())
    later = datetime.now(UTC) + 5 * DAY
    monkeypatch.setattr(house.ledger, "clock", lambda: later)
    assert house.gatherer().ticker.open_calendar() == 0
    assert len(house.states()) == opened
    house.close()


def test_a_slot_that_was_opened_for_silence_is_made_when_its_granule_comes_after_all(tmp_path: Path) -> None:
    house = House(tmp_path, product())
    house.send(live(5))
    house.settle_down()
    house.gatherer().ticker.open_calendar()
    house.send(live(3))
    house.settle_down()
    assert house.states()[f"depth.{TODAY - 3 * DAY:%Y%m%d}"] == "made"
    house.close()


def test_a_provisional_product_is_promoted_in_time_and_announced_again_as_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = product({"tb": tb(window=steps(0, 2), patience=3 * DAY)})
    house = House(tmp_path, of, product({"depth": tb(sources=(source("depth"),), stages=("final",))}, name="fine"))
    house.send(live(1))
    house.settle_down()
    assert [(each.stage, each.revision) for each in house.heard()] == [("provisional", 1)]
    monkeypatch.setattr("icestream_runtime.ledger.sqlite.datetime", Later)
    house.settle_down()
    assert [(each.collection, each.stage, each.revision) for each in house.heard()] == [
        ("depth", "provisional", 1),
        ("depth", "final", 1),
        ("fine", "final", 1),
    ]
    assert sum(house.made.values()) == 2
    house.close()


class Later(datetime):
    """The clock of five days from now."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + 5 * DAY
