"""What every ledger keeps of what a backfill asks, as tests."""

from __future__ import annotations

from datetime import timedelta

from icestream_core.task import Task
from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.ledger.specimens import (
    DAY,
    FIRST,
    at_least,
    granule,
    made,
    opening,
    row,
    same_days,
    slot,
    tasked,
)


class AskingContract:
    """Slots that are asked for, and slots that are asked for again."""

    def test_a_slot_that_nobody_opened_is_opened_and_asked_for_once(self, ledger: Ledger) -> None:
        assert ledger.ask([slot(), slot()], "backfill") == 1
        assert (row(ledger, slot()).asked, row(ledger, slot()).state) == ("backfill", "waiting")
        assert ledger.due() == [slot()]
        assert ledger.ask([slot()], "backfill") == 0

    def test_a_slot_that_is_on_its_way_already_is_left_alone(self, ledger: Ledger) -> None:
        ledger.slots_touched(opening(slot()))
        assert ledger.ask([slot(), slot(1)], "backfill") == 1
        assert row(ledger, slot()).asked == ""

    def test_what_was_asked_is_answered_by_the_result(self, ledger: Ledger) -> None:
        ledger.record_granules([granule()])
        ledger.ask([slot()], "backfill")
        (task,) = ledger.look([slot()], same_days, at_least(1))
        assert (row(ledger, slot()).asked, ledger.under_way("depth")) == ("backfill", 1)
        end(ledger, task)
        assert (row(ledger, slot()).asked, ledger.under_way("depth")) == ("", 0)

    def test_only_what_was_made_is_asked_for_again(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("a", 1)])
        end(ledger, tasked(ledger, slot()))
        tasked(ledger, slot(1))
        assert ledger.ask([slot(), slot(1), slot(2)], "again") == 1
        assert row(ledger, slot()).asked == "again"
        assert ledger.slot(slot(2).key) is None

    def test_the_versions_are_those_of_the_current_revisions(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("a", 1)])
        end(ledger, tasked(ledger, slot()), version="1.2.0")
        tasked(ledger, slot(1))
        (found,) = ledger.versions("depth", (FIRST, FIRST + 2 * DAY))
        assert found == (slot(), "1.2.0", "made", "")
        assert ledger.versions("depth", (FIRST + DAY, FIRST + 2 * DAY)) == []
        assert ledger.opened([slot(), slot(1), slot(2)]) == {slot().key, slot(1).key}

    def test_granules_of_a_time_are_those_that_overlap_it(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a", day) for day in range(4)])
        found = ledger.granules(between=(FIRST + DAY, FIRST + 2 * DAY + timedelta(hours=1)))
        assert sorted(each.granule_id for each, _ in found) == ["a.20140202", "a.20140203"]


def end(ledger: Ledger, task: Task, version: str = "1.0.0") -> None:
    (result,) = ledger.finalise([made(task, version=version)], 5, lambda _: 0.0)
    assert result.adopted
