"""What every ledger keeps of what is given up, put aside and forgotten, as tests."""

from __future__ import annotations

from typing import Any

from icestream_core.errors import StorageError
from icestream_core.slot import Slot
from icestream_runtime.ledger.contract import Ledger
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
)


class ForgettingContract:
    """Parking, dropping and pruning."""

    def test_a_slot_that_is_put_aside_keeps_what_is_known_of_it_and_is_redriven_when_it_is_told(
        self, ledger: Ledger
    ) -> None:
        dead(ledger, slot())
        assert ledger.park([slot(), slot(1)]) == 1
        found = row(ledger, slot())
        assert (found.state, found.attempts, found.reason, found.traceback) == (
            "parked", 1, "a fault of product", "...",
        )  # fmt: skip
        assert ledger.due() == []
        assert ledger.redrive([slot()]) == 1
        assert row(ledger, slot()).state == "waiting"

    def test_a_slot_that_is_put_aside_is_made_of_other_inputs_as_a_dead_one_is(self, ledger: Ledger) -> None:
        dead(ledger, slot())
        ledger.park([slot()])
        assert ledger.look([slot()], same_days, at_least(1)) == []
        ledger.record_granules([granule("b")])
        assert len(ledger.look([slot()], same_days, at_least(2))) == 1

    def test_only_what_was_given_up_and_never_made_is_dropped(self, ledger: Ledger) -> None:
        dead(ledger, slot())
        ledger.slots_touched(opening(slot(1)))
        revisions(ledger, slot(2), 1)
        assert ledger.drop_slots([slot(), slot(1), slot(2)]) == 1
        assert ledger.slot(slot().key) is None
        assert {each.slot.key for each in ledger.slots()} == {slot(1).key, slot(2).key}

    def test_slots_are_found_by_their_reason(self, ledger: Ledger) -> None:
        dead(ledger, slot())
        assert [each.slot for each in ledger.slots(reason="fault of prod")] == [slot()]
        assert ledger.slots(reason="f_ult") == []

    def test_granules_are_found_by_id_by_reason_and_by_age(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("b"), granule("c")])
        for name, reason in (("a", "bad stripes"), ("b", "bad_name")):
            ledger.quarantine(granule(name).granule_id, "", reason)

        def found(**given: Any) -> list[str]:
            return sorted(each.granule_id for each, _ in ledger.granules(**given))

        ledger.keep_letter("icestream.intake", "nonsense", b"x", {})
        assert ledger.unusable() == (2, 1)
        assert found(reason="bad") == [granule("a").granule_id, granule("b").granule_id]
        assert found(reason="d_n", older_than_seconds=0.0) == [granule("b").granule_id]
        assert found(named=[granule("c").granule_id, "unknown"]) == [granule("c").granule_id]
        assert found(older_than_seconds=60.0) == found(named=[]) == []

    def test_only_quarantined_granules_are_dropped(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("b")])
        assert ledger.quarantine(granule("a").granule_id, "", "bad") == 1
        keys = [(each.granule_id, each.checksum) for each in (granule("a"), granule("b"))]
        # More than a statement may have parameters.
        assert ledger.drop_granules([*keys, *((f"c{number}", "x") for number in range(40_000))]) == 1
        assert ledger.drop_granules([]) == 0
        assert [each.granule_id for each, _ in ledger.granules()] == [granule("b").granule_id]

    def test_a_revision_is_forgotten_when_a_later_one_has_replaced_it_long_enough_ago(self, ledger: Ledger) -> None:
        revisions(ledger, slot(), 3)
        assert ledger.superseded(60.0) == []
        old = ledger.superseded(0.0)
        assert [each.revision for each in old] == [1, 2]
        removed: list[str] = []
        for each in old:
            assert ledger.forget_revision(each, lambda each=each: removed.append(each.href))  # type: ignore[misc]
            assert not ledger.forget_revision(each, lambda: removed.append("twice"))
        assert removed == [each.href for each in old]
        assert [make["revision"] for make in ledger.history(slot())] == [3]
        assert ledger.superseded(0.0) == []

    def test_a_revision_whose_files_cannot_be_removed_is_kept(self, ledger: Ledger) -> None:
        revisions(ledger, slot(), 2)
        (old,) = ledger.superseded(0.0)

        refused = False

        def refuse() -> None:
            raise StorageError("read-only")

        try:
            ledger.forget_revision(old, refuse)
        except StorageError:
            refused = True
        assert refused
        assert [make["revision"] for make in ledger.history(slot())] == [1, 2]

    def test_a_revision_that_is_wanted_again_is_not_forgotten(self, ledger: Ledger) -> None:
        revisions(ledger, slot(), 2)
        (old,) = ledger.superseded(0.0)
        wanted = task(slot(), [granule("a")])
        ledger.quarantine(granule("b").granule_id, "", "bad")
        (again,) = ledger.look([slot()], same_days, at_least(1))
        assert again.inputs_hash == old.inputs_hash == wanted.inputs_hash
        assert not ledger.forget_revision(old, never)
        ledger.finalise([made(again)], 5, lambda _: 0.0)
        assert not ledger.forget_revision(old, never)

    def test_a_directory_is_removed_that_no_make_and_no_outstanding_task_is_of(self, ledger: Ledger) -> None:
        revisions(ledger, slot(), 2)
        ledger.record_granules([granule("c")])
        outstanding = tasked(ledger, slot(), 3)
        known = ledger.results("depth")
        assert known.keys() == {slot()}
        assert known[slot()] == {each["inputs_hash"] for each in ledger.history(slot())} | {outstanding.inputs_hash}
        removed: list[str] = []
        for beginning in (*(each[:24] for each in known[slot()]), "f" * 24):
            ledger.forget_directory(slot(), beginning, lambda beginning=beginning: removed.append(beginning))  # type: ignore[misc]
        assert removed == ["f" * 24]
        assert not ledger.forget_directory(slot(7), "f" * 24, never)

    def test_announcements_that_later_ones_replaced_are_forgotten_and_observations_are_not(
        self, ledger: Ledger
    ) -> None:
        ledger.record_granules([granule("made", revision=1), granule("seen")])
        ledger.record_granules([granule("made", content="2", revision=2), granule("seen", content="2")])
        assert ledger.forget_granules(60.0, dry_run=False) == 0
        assert ledger.forget_granules(0.0, dry_run=True) == 1
        assert ledger.forget_granules(0.0, dry_run=False) == 1
        assert sorted((each.granule_id, each.revision) for each, _ in ledger.granules()) == [
            ("made.20140201", 2), ("seen.20140201", 0), ("seen.20140201", 0),
        ]  # fmt: skip

    def test_letters_are_forgotten_by_their_age(self, ledger: Ledger) -> None:
        ledger.keep_letter("icestream.intake", "nonsense", b"\xc1", {})
        assert ledger.forget_letters(60.0, dry_run=False) == 0
        assert ledger.forget_letters(0.0, dry_run=True) == 1
        assert ledger.forget_letters(0.0, dry_run=False) == 1
        assert ledger.letters() == []


def dead(ledger: Ledger, of: Slot) -> None:
    ledger.record_granules([granule("a")])
    ledger.finalise([failed(tasked(ledger, of))], 1, lambda _: 0.0)
    assert row(ledger, of).state == "dead"


def revisions(ledger: Ledger, of: Slot, count: int) -> None:
    """Make so many revisions of a slot, each of one granule more."""
    day = (of.start - slot().start).days
    for number in range(count):
        ledger.record_granules([granule("abc"[number], day)])
        ledger.finalise([made(tasked(ledger, of, number + 1))], 5, lambda _: 0.0)


def never() -> None:
    raise AssertionError("its files were removed")
