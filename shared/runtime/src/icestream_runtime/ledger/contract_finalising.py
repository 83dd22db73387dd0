"""What every ledger keeps from an outcome to an announcement, as tests."""

from __future__ import annotations

from collections.abc import Sequence

from icestream_runtime.ledger.contract import Announceable, Change, Finalised, Ledger, Waiting
from icestream_runtime.ledger.schema import BEGINNING
from icestream_runtime.ledger.specimens import (
    at_least,
    failed,
    granule,
    made,
    opening,
    row,
    same_days,
    slot,
    task,
    tasked,
    void,
)

ADOPTED = Finalised(adopted=True, revision=1, attempts=0, dead=False)


def at_once(_failures: int) -> float:
    return 0.0


def told(results: Sequence[Finalised]) -> list[Finalised]:
    """Return results without the revision that is to be announced, which another test looks at."""
    return [result._replace(announceable=None) for result in results]


def in_hours(failures: int) -> float:
    return 3600.0 * failures


class FinalisingContract:
    """Revisions: which outcome becomes the slot's current one."""

    def test_what_was_made_is_the_first_revision_and_not_due(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        given = tasked(ledger, slot())
        assert told(ledger.finalise([made(given)], 5, at_once)) == [ADOPTED]
        found = row(ledger, slot())
        assert (found.state, found.revision, found.attempts, found.token) == ("made", 1, 0, "")
        assert found.made is not None
        assert found.made.entries == {("tb", "a.20140201", granule("a").checksum, 0)}
        assert (found.made.inputs_hash, found.made.stage) == (given.inputs_hash, "final")
        assert ledger.due() == []
        assert ledger.task(slot()) is None

    def test_what_became_a_revision_may_be_announced_without_asking(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        answer = made(tasked(ledger, slot()))
        first, again = ledger.finalise([answer, answer], 5, at_once)
        assert ledger.to_announce() == [first.announceable]
        assert again.announceable is None

    def test_what_was_touched_while_it_was_made_is_due(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        given = tasked(ledger, slot())
        ledger.look([slot()], lambda _slot: {}, lambda *_: None)
        (result,) = ledger.finalise([made(given)], 5, at_once)
        assert result.adopted
        assert result.due
        assert ledger.due() == [slot()]

    def test_an_outcome_that_comes_twice_counts_once(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        answer = made(tasked(ledger, slot()))
        again = Finalised(adopted=False, revision=1, attempts=0, dead=False)
        assert told(ledger.finalise([answer, answer], 5, at_once)) == [ADOPTED, again]
        assert ledger.finalise([answer], 5, at_once) == [again]
        assert len(ledger.history(slot())) == 1

    def test_a_void_slot_keeps_its_reason(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        assert told(ledger.finalise([void(tasked(ledger, slot()), "polar night\x00")], 5, at_once)) == [ADOPTED]
        found = row(ledger, slot())
        assert found.state == "void"
        assert found.reason.startswith("polar night")

    def test_other_inputs_are_the_next_revision(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        ledger.record_granules([granule("b")])
        assert ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)[0].revision == 2
        assert [(entry["revision"], len(entry["inputs"])) for entry in ledger.history(slot())] == [(1, 1), (2, 2)]

    def test_inputs_made_before_and_wanted_again_are_current_under_the_next_revision(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        ledger.record_granules([granule("b")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        ledger.announced(ledger.to_announce())
        ledger.quarantine("b.20140201", "", "withdrawn")
        assert ledger.finalise([made(tasked(ledger, slot()), adopted=True)], 5, at_once)[0].revision == 3
        assert [(entry["revision"], len(entry["inputs"])) for entry in ledger.history(slot())] == [(2, 2), (3, 1)]
        assert [entry.revision for entry in ledger.to_announce()] == [3]

    def test_the_answer_of_a_zombie_is_dropped(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        zombie = tasked(ledger, slot())
        ledger.finalise([failed(zombie)], 5, at_once)
        ledger.record_granules([granule("b")])
        tasked(ledger, slot())
        dropped = Finalised(adopted=False, revision=0, attempts=0, dead=False)
        assert ledger.finalise([made(zombie), failed(zombie)], 5, at_once) == [dropped, dropped]
        assert row(ledger, slot()).state == "tasked"

    def test_a_late_answer_of_the_inputs_that_are_wanted_is_adopted(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        late = tasked(ledger, slot())
        ledger.finalise([failed(late)], 5, at_once)
        outstanding = tasked(ledger, slot())
        assert outstanding.token != late.token
        assert told(ledger.finalise([made(late)], 5, at_once)) == [ADOPTED]
        again = Finalised(adopted=False, revision=1, attempts=0, dead=False)
        assert ledger.finalise([made(outstanding)], 5, at_once) == [again]

    def test_an_older_version_never_supersedes_a_newer_one(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()), version="1.10.0")], 5, in_hours)
        ledger.record_granules([granule("b")])
        given = tasked(ledger, slot())
        refused = Finalised(adopted=False, revision=1, attempts=0, dead=False)
        assert ledger.finalise([made(given, version="1.9.0")], 5, in_hours) == [refused]
        assert "1.9.0" in row(ledger, slot()).reason
        assert ledger.due() == []

    def test_the_gatherer_decides_on_void_by_itself_and_once(self, ledger: Ledger) -> None:
        ledger.slots_touched(opening(slot()))
        change = Change(state="void", void="input tb is void: no pass", inputs_hash="0" * 64, version="1.0.0")
        for _ in range(2):
            assert ledger.look([slot()], same_days, lambda *_: change) == []
        (entry,) = ledger.to_announce()
        assert (entry.outcome.status, entry.outcome.reason) == ("void", "input tb is void: no pass")
        assert (row(ledger, slot()).state, row(ledger, slot()).revision) == ("void", 1)

    def test_an_outcome_of_a_slot_that_was_never_opened_is_dropped(self, ledger: Ledger) -> None:
        dropped = Finalised(adopted=False, revision=0, attempts=0, dead=False)
        assert ledger.finalise([made(task(slot()))], 5, at_once) == [dropped]


class FailingContract:
    """Attempts, back-off, quarantine and death."""

    def test_failures_in_a_row_end_in_death_with_reason_traceback_and_inputs(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        for attempt in (1, 2, 3):
            given = tasked(ledger, slot())
            fault = "limit" if attempt == 2 else "product"
            (result,) = ledger.finalise([failed(given, fault)], 3, at_once)
            assert result == Finalised(adopted=False, revision=0, attempts=attempt, dead=attempt == 3, due=attempt < 3)
        found = row(ledger, slot())
        assert (found.state, found.reason, found.traceback) == ("dead", "a fault of product", "...")
        assert (found.due_at, found.failed_hash) == (None, given.inputs_hash)
        assert ledger.task(slot()) == given
        assert ledger.look([slot()], same_days, at_least(1)) == []
        assert row(ledger, slot()).state == "dead"

    def test_a_failure_backs_off_whatever_arrives_again(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([failed(tasked(ledger, slot()))], 5, in_hours)
        assert ledger.due() == []
        ledger.record_granules([granule("a")])
        assert ledger.look([slot()], same_days, at_least(1)) == []
        found = row(ledger, slot())
        assert found.state == "waiting"
        assert found.due_at is not None
        assert 3500 < (found.due_at - ledger.clock()).total_seconds() <= 3600

    def test_other_inputs_than_those_that_failed_are_tried_at_once_and_afresh(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([failed(tasked(ledger, slot()))], 1, in_hours)
        assert row(ledger, slot()).state == "dead"
        ledger.record_granules([granule("a", content="corrected")])
        (result,) = ledger.finalise([failed(tasked(ledger, slot()))], 2, in_hours)
        assert (result.attempts, result.dead) == (1, False)

    def test_a_fault_of_storage_is_tried_without_end(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        for _ in range(7):
            (result,) = ledger.finalise([failed(tasked(ledger, slot()), "storage")], 2, at_once)
            assert result == Finalised(adopted=False, revision=0, attempts=0, dead=False, due=True)
        (result,) = ledger.finalise([failed(tasked(ledger, slot()), "storage")], 2, in_hours)
        due_at = row(ledger, slot()).due_at
        assert due_at is not None
        assert (due_at - ledger.clock()).total_seconds() > 7 * 3600, "the back-off grows"

    def test_a_granule_at_fault_is_quarantined_and_the_slot_looked_at_again(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("b")])
        given = tasked(ledger, slot())
        answer = failed(given, "granule", granule_id="b.20140201", reason="truncated: 10 of 20 bytes")
        (result,) = ledger.finalise([answer], 5, in_hours)
        assert (result.attempts, result.dead) == (0, False)
        assert [(each.granule_id, why) for each, why in ledger.granules(quarantined=True)] == [
            ("b.20140201", "truncated: 10 of 20 bytes")
        ]
        assert ledger.due() == [slot()]
        (other,) = ledger.look([slot()], same_days, at_least(1))
        assert [entry.granule.granule_id for entry in other.inputs["tb"]] == ["a.20140201"]

    def test_a_granule_at_fault_that_nobody_knows_counts(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        for attempts, name in enumerate(("", "library-dem", "gone"), 1):
            answer = failed(tasked(ledger, slot()), "granule", granule_id=name)
            (result,) = ledger.finalise([answer], 5, at_once)
            assert result.attempts == attempts

    def test_a_failure_that_comes_twice_counts_once(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        answer = failed(tasked(ledger, slot()))
        assert [result.attempts for result in ledger.finalise([answer, answer], 5, at_once)] == [1, 1]
        assert ledger.finalise([answer], 5, at_once)[0].attempts == 1

    def test_a_success_forgets_the_failures(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([failed(tasked(ledger, slot()))], 5, at_once)
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        found = row(ledger, slot())
        assert (found.attempts, found.reason, found.traceback, found.failed_hash) == (0, "", "", "")

    def test_dead_slots_are_redriven(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([failed(tasked(ledger, slot()))], 1, in_hours)
        ledger.slots_touched(opening(slot(1)))
        assert ledger.redrive([slot(), slot(1), slot(2)]) == 1
        assert slot() in ledger.due()
        assert row(ledger, slot()).attempts == 0
        assert told(ledger.finalise([made(tasked(ledger, slot()))], 1, in_hours)) == [ADOPTED]

    def test_a_void_slot_that_is_redriven_is_made_again_from_the_same_inputs(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([void(tasked(ledger, slot()))], 5, at_once)
        ledger.announced(ledger.to_announce())
        assert ledger.redrive([slot()]) == 1
        assert row(ledger, slot()).made is None
        assert told(ledger.finalise([void(tasked(ledger, slot()))], 5, at_once)) == [ADOPTED]
        assert ledger.to_announce() == [], "void for the same reason is no news"
        ledger.redrive([slot()])
        assert ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)[0].revision == 2
        assert [(entry["revision"], entry["outcome"]) for entry in ledger.history(slot())] == [(2, "made")]


class AnnouncingContract:
    """What goes out, and what people ask."""

    def test_a_current_revision_is_announced_until_it_is_marked(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        answer = made(tasked(ledger, slot()))
        ledger.finalise([answer], 5, at_once)
        assert ledger.to_announce(older_than_seconds=60) == []
        assert ledger.to_announce([slot(1)]) == []
        (entry,) = ledger.to_announce([slot()])
        assert entry == Announceable(slot(), answer, 1, "final", entry.finalised_at)
        ledger.announced([entry._replace(revision=2), entry._replace(stage="provisional")])
        assert ledger.to_announce() == [entry]
        ledger.announced([entry])
        assert ledger.to_announce() == []

    def test_an_announcement_that_never_came_back_as_a_granule_is_made_again(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        (entry,) = ledger.to_announce()
        ledger.announced([entry])
        assert ledger.republish(["nobody-reads-this"]) == 0
        assert ledger.to_announce() == []
        assert ledger.republish(["depth"]) == 1
        assert ledger.to_announce() == [entry]
        ledger.announced([entry])
        ledger.record_granules([granule("b", granule_id=slot().key, collection="depth", revision=1, stage="final")])
        assert ledger.republish(["depth"]) == 0

    def test_only_the_current_revision_is_announced(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        ledger.record_granules([granule("b")])
        ledger.finalise([made(tasked(ledger, slot()))], 5, at_once)
        assert [entry.revision for entry in ledger.to_announce()] == [2]

    def test_a_promoted_revision_is_announced_once_more(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot(), stage="provisional"))], 5, at_once)
        (entry,) = ledger.to_announce()
        assert entry.stage == "provisional"
        ledger.announced([entry])
        for _ in range(2):
            ledger.look([slot()], same_days, lambda *_: Change(state="made", promote=True))
            ledger.announced([entry])
        (again,) = ledger.to_announce()
        assert (again.stage, again.revision, again.outcome) == ("final", 1, entry.outcome)
        assert again.finalised_at > entry.finalised_at
        assert row(ledger, slot()).due_at is None

    def test_slots_are_counted_and_listed(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        given = tasked(ledger, slot())
        ledger.slots_touched(opening(slot(1), slot(1, product="cover")))
        assert ledger.counts() == {"depth": {"tasked": 1, "waiting": 1}, "cover": {"waiting": 1}}
        ledger.finalise([made(given)], 5, at_once)
        assert [each.slot for each in ledger.slots(product="depth")] == [slot(), slot(1)]
        assert [each.slot for each in ledger.slots(product="depth", state="waiting")] == [slot(1)]
        assert len(ledger.slots(limit=2)) == 2
        assert ledger.slots(older_than_seconds=60) == []

    def test_what_waits_is_counted_by_what_it_waits_for(self, ledger: Ledger) -> None:
        days = [slot(day) for day in range(3)]
        ledger.record_granules([granule("a", 0), granule("a", 1), granule("b", 1), granule("a", 2)])
        ledger.slots_touched(opening(*days, slot(product="cover")))
        ledger.look(days, same_days, at_least(2))
        assert sorted(ledger.waiting()) == [
            Waiting("cover", (), 1),
            Waiting("depth", ("1 granules",), 2),
        ]

    def test_slots_whose_time_came_and_that_nobody_looked_at_are_overdue(self, ledger: Ledger) -> None:
        ledger.slots_touched(opening(slot(), slot(1), slot(product="cover")))
        assert ledger.overdue(60) == {}
        assert ledger.overdue(0) == {"depth": 2, "cover": 1}
        ledger.look([slot(), slot(1)], same_days, at_least(1))
        assert ledger.overdue(0) == {"cover": 1}

    def test_the_latest_observation_of_each_collection_is_known_with_its_arrival(self, ledger: Ledger) -> None:
        before = ledger.clock()
        season = granule("season", -60, days=90)
        ledger.record_granules([granule("b", 3), granule("c", 1), season])
        ledger.record_granules([granule("old", 2, collection="modis")])
        found = {each.collection: (each.granule_id, at) for each, at in ledger.latest_granules()}
        assert {name: granule_id for name, (granule_id, _) in found.items()} == {
            "tb": granule("b", 3).granule_id,
            "modis": granule("old", 2).granule_id,
        }
        assert all(before <= at <= ledger.clock() for _, at in found.values())

    def test_makes_are_told_with_what_they_were_made_from(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.finalise([made(tasked(ledger, slot()), seconds={"compute": 1.5})], 5, at_once)
        (entry,) = ledger.history(slot())
        assert entry["inputs"] == [
            {"input": "tb", "granule_id": "a.20140201", "checksum": granule("a").checksum, "step": 0}
        ]
        assert (entry["current"], entry["stage"], entry["outcome"]) == (True, "final", "made")
        assert (entry["manifest"]["files"][0]["name"], entry["seconds"]) == ("a.nc", {"compute": 1.5})
        (last,) = ledger.recent()
        assert (last["slot"], last["product"], last["revision"]) == (slot().key, "depth", 1)
        assert last["announced_at"] is None

    def test_makes_are_listed_from_a_time_on_the_first_first(self, ledger: Ledger) -> None:
        for day in (1, 2, 3):
            ledger.record_granules([granule("a", day)])
            ledger.finalise([made(tasked(ledger, slot(day)))], 5, at_once)
        listed = ledger.finalised(BEGINNING, 10)
        assert [each["slot"] for each in listed] == [slot(day).key for day in (1, 2, 3)]
        assert ledger.finalised(listed[1]["finalised_at"], 1) == [listed[1]]
        assert ledger.recent() == listed[::-1]
