"""What every ledger keeps from a granule to a task, as tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from icestream_core.granule import Asset, Granule
from icestream_core.pick import Recorded
from icestream_core.slot import Slot
from icestream_core.task import Task
from icestream_core.touch import Query, Touch
from icestream_runtime.ledger.contract import Change, Ledger, SlotRow
from icestream_runtime.ledger.specimens import (
    DAY,
    FIRST,
    at_least,
    granule,
    opening,
    row,
    same_days,
    seen,
    sha256,
    slot,
    tasked,
)


class RecordingContract:
    """Granules, records and letters."""

    def test_slots_are_opened_with_the_granules_that_touch_them(self, ledger: Ledger) -> None:
        assert ledger.record_granules([granule("a")], [slot(1), slot(), slot(1)]) == [True]
        assert ledger.record_granules([granule("a")], [slot()]) == [False]
        assert sorted(ledger.due(), key=lambda each: each.key) == [slot(), slot(1)]

    def test_a_granule_is_new_once(self, ledger: Ledger) -> None:
        assert ledger.record_granules([granule("a"), granule("b"), granule("a")]) == [True, True, False]
        assert ledger.record_granules([granule("b"), granule("c")]) == [False, True]

    def test_a_granule_comes_back_as_it_was(self, ledger: Ledger) -> None:
        given = granule("a", part="19h", footprint=(60.0, 20.0, 140.0, 55.0), platform="f17")
        ledger.record_granules([given])
        assert ledger.granules() == [(given, "")]

    def test_a_correction_is_another_granule_of_the_same_id(self, ledger: Ledger) -> None:
        assert ledger.record_granules([granule("a"), granule("a", content="corrected")]) == [True, True]
        assert seen(ledger, slot()) == ["a.20140201", "a.20140201"]

    def test_the_same_files_announced_as_a_higher_revision_replace_the_lower(self, ledger: Ledger) -> None:
        assert ledger.record_granules([granule("a", revision=1), granule("a", revision=3)]) == [True, False]
        assert ledger.record_granules([granule("a", revision=2)]) == [False]
        assert [each.revision for each, _ in ledger.granules()] == [3]

    def test_the_same_files_announced_as_final_replace_the_provisional(self, ledger: Ledger) -> None:
        assert ledger.record_granules([granule("a", revision=1, stage="provisional")]) == [True]
        assert ledger.record_granules([granule("a", revision=1, stage="final")]) == [True]
        assert ledger.record_granules([granule("a", revision=1, stage="provisional")]) == [False]
        assert [each.stage for each, _ in ledger.granules()] == ["final"]

    def test_a_granule_that_was_moved_is_no_new_one_and_is_found_at_its_new_place(self, ledger: Ledger) -> None:
        ledger.record_granules([lying("/old", 0)])
        assert ledger.record_granules([lying("/new", 2)]) == [False]
        assert places(ledger) == ["/new/a"]
        assert seen(ledger, slot()) == ["a.20140201"]

    def test_an_old_place_that_is_announced_late_does_not_hold(self, ledger: Ledger) -> None:
        ledger.record_granules([lying("/old", 0)])
        ledger.record_granules([lying("/new", 2), lying("/between", 1)])
        ledger.record_granules([lying("/old", 0)])
        assert places(ledger) == ["/new/a"]

    def test_a_place_announced_by_a_clock_that_is_ahead_holds_nobody_up(self, ledger: Ledger) -> None:
        ledger.record_granules([lying("/old", 400_000)])
        ledger.record_granules([lying("/new", 1)])
        assert places(ledger) == ["/new/a"]

    def test_granules_are_listed_the_latest_first(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        ledger.record_granules([granule("b", collection="other")])
        ledger.record_granules([granule("c")])
        assert [each.granule_id for each, _ in ledger.granules(limit=2)] == ["c.20140201", "b.20140201"]
        assert [each.granule_id for each, _ in ledger.granules(collection="other")] == ["b.20140201"]

    def test_the_newest_record_of_a_product_is_kept(self, ledger: Ledger) -> None:
        assert ledger.register({"name": "depth", "version": "1.9.0", "title": "old"})
        assert ledger.register({"name": "depth", "version": "1.10.0", "title": "new"})
        assert ledger.register({"name": "depth", "version": "1.10.0", "title": "mended"})
        assert not ledger.register({"name": "depth", "version": "1.9.1"})
        assert ledger.records() == [{"name": "depth", "version": "1.10.0", "title": "mended"}]

    def test_a_message_that_nobody_can_read_is_kept_once(self, ledger: Ledger) -> None:
        unreadable = ("icestream.intake", "not msgpack\x00", b"\xc1\x00", {"ce-id": "1"})
        assert [ledger.keep_letter(*unreadable) for _ in range(2)] == [True, False]
        ledger.keep_letter("icestream\x00.intake", "too long", b"other", {"ce-id": "\x00"})
        latest, first = ledger.letters()
        assert (latest["queue"], latest["reason"]) == ("icestream.intake", "too long")
        assert (first["queue"], first["body"], first["size"]) == ("icestream.intake", b"\xc1\x00", 2)
        assert first["headers"] == {"ce-id": "1"}
        assert first["reason"].startswith("not msgpack")


class TouchingContract:
    """Which slots are opened and found."""

    def test_a_slot_is_opened_once_and_is_due(self, ledger: Ledger) -> None:
        for _ in range(2):
            assert ledger.slots_touched(opening(slot(), slot())) == [slot()]
        assert ledger.due() == [slot()]
        assert row(ledger, slot()).state == "waiting"

    def test_a_touch_that_does_not_open_finds_only_what_exists(self, ledger: Ledger) -> None:
        tiles = [slot(tile=tile, variant="asc") for tile in ("h23v04", "h24v05")]
        ledger.slots_touched(opening(*tiles, slot(1, tile="h23v04")))
        one = Touch("depth", slot().interval, "h23v04", None, opens=False)
        assert ledger.slots_touched([one]) == [tiles[0]]
        every = Touch("depth", slot().interval, None, "asc", opens=False)
        assert sorted(each.tile for each in ledger.slots_touched([every])) == ["h23v04", "h24v05"]
        assert ledger.slots_touched([Touch("depth", slot(5).interval, "", "", opens=False)]) == []

    def test_an_ancillary_touches_every_slot_that_waits_and_makes_it_due(self, ledger: Ledger) -> None:
        for day in range(3):
            tasked_or_waiting = 1 if day == 0 else 9
            ledger.record_granules([granule("a", day)])
            ledger.slots_touched(opening(slot(day)))
            ledger.look([slot(day)], same_days, at_least(tasked_or_waiting))
        assert ledger.due() == []
        touched = ledger.slots_touched([Touch("depth", None, None, None, opens=False)])
        assert sorted(each.key for each in touched) == [slot(1).key, slot(2).key]
        assert sorted(each.key for each in ledger.due()) == [slot(1).key, slot(2).key]


class LookingContract:
    """What a look offers and writes."""

    def test_a_look_offers_what_overlaps(self, ledger: Ledger) -> None:
        lengths = {"pass": (0, 0.1), "before": (-1, 1), "after": (1, 1), "week": (-5, 7), "year": (-300, 365)}
        lengths |= {"decade": (-3000, 3650), "long-ago": (-4000, 2000), "touching": (-41, 41)}
        ledger.record_granules([granule(name, day, days=days) for name, (day, days) in lengths.items()])
        assert [name.partition(".")[0] for name in seen(ledger, slot())] == ["decade", "pass", "week", "year"]

    def test_a_look_offers_the_tile_variant_and_parts_asked_for(self, ledger: Ledger) -> None:
        here: dict[str, Any] = {"tile": "h23v04", "variant": "asc", "part": "19h"}
        others = [{"tile": "h24v05"}, {"variant": "desc"}, {"part": "9h"}, {"part": "19"}]
        listed = [granule(f"g{number}", **here | other) for number, other in enumerate([{}, *others])]
        nothing = granule("void", **here | {"part": "", "void": "no pass", "assets": ()})
        ledger.record_granules([*listed, nothing])
        asked: dict[str, Any] = {"tile": "h23v04", "variant": "asc", "parts": ("19h", "37h")}
        assert seen(ledger, slot(), **asked) == ["g0.20140201", "void.20140201"]
        assert len(seen(ledger, slot(), **asked | {"tile": None})) == 3
        assert len(seen(ledger, slot())) == 6

    def test_inputs_are_answered_by_their_names(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("b", collection="dem", days=36_500)])
        ledger.slots_touched(opening(slot()))
        found: dict[str, list[str]] = {}

        def queries(each: Slot) -> dict[str, Query]:
            dem = Query(("dem", "dem-coarse"), each.start, each.end, None, None, ())
            return same_days(each) | {"dem": dem, "nothing": dem._replace(collections=("none",))}

        def decide(_row: SlotRow, rows: Mapping[str, Sequence[Recorded]], _now: datetime) -> None:
            found.update({name: [entry.granule.granule_id for entry in rows] for name, rows in rows.items()})

        ledger.look([slot()], queries, decide)
        assert found == {"tb": ["a.20140201"], "dem": ["b.20140201"], "nothing": []}

    def test_granules_are_told_when_they_were_recorded_by_the_clock_of_the_ledger(self, ledger: Ledger) -> None:
        before = ledger.clock()
        ledger.record_granules([granule("a")])
        times: list[datetime] = []

        def decide(_row: SlotRow, rows: Mapping[str, Sequence[Recorded]], now: datetime) -> None:
            times.extend([rows["tb"][0].recorded_at, now])

        ledger.slots_touched(opening(slot()))
        ledger.look([slot()], same_days, decide)
        assert before <= times[0] <= times[1] <= ledger.clock()
        assert times[0].utcoffset() == timedelta(0)

    def test_a_slot_that_waits_says_for_what_and_until_when(self, ledger: Ledger) -> None:
        until = ledger.clock() + DAY
        ledger.slots_touched(opening(slot()))
        change = Change(state="waiting", due_at=until, waiting_for=("tb part 37h",), reason="b\x00ad")
        assert ledger.look([slot()], same_days, lambda *_: change) == []
        found = row(ledger, slot())
        assert (found.state, found.due_at, found.waiting_for) == ("waiting", until, ("tb part 37h",))
        assert ledger.due() == []

    def test_nothing_is_written_for_a_slot_that_is_left_as_it_is(self, ledger: Ledger) -> None:
        ledger.slots_touched(opening(slot()))
        before = row(ledger, slot())
        assert ledger.look([slot(), slot(9)], same_days, lambda *_: None) == []
        assert row(ledger, slot()) == before
        assert ledger.slot(slot(9).key) is None

    def test_one_task_of_a_slot_is_outstanding_at_a_time(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        first = tasked(ledger, slot())
        ledger.record_granules([granule("b")])
        assert ledger.look([slot()], same_days, at_least(1)) == []
        found = row(ledger, slot())
        assert (found.state, found.token) == ("tasked", first.token)
        assert found.due_at is not None
        assert ledger.due() == []

    def test_many_slots_are_looked_at_in_one_go(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a", day) for day in range(0, 50, 2)])
        slots = ledger.slots_touched(opening(*map(slot, range(50))))
        tasks = ledger.look(slots, same_days, at_least(1))
        assert sorted(each.slot.key for each in tasks) == sorted(slot(day).key for day in range(0, 50, 2))
        assert ledger.counts() == {"depth": {"tasked": 25, "waiting": 25}}

    def test_a_task_is_published_again_until_it_is_marked(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a")])
        given = tasked(ledger, slot())
        assert ledger.unpublished_tasks(60) == []
        assert ledger.unpublished_tasks(0) == [given]
        ledger.task_published([given.model_copy(update={"token": "0" * 32})])
        assert ledger.unpublished_tasks(0) == [given]
        ledger.task_published([given])
        assert ledger.unpublished_tasks(0) == []
        assert ledger.republish() == 1
        assert ledger.unpublished_tasks(0) == [given]
        assert ledger.task(slot()) == given

    def test_a_quarantined_granule_is_not_offered_until_it_is_released(self, ledger: Ledger) -> None:
        ledger.record_granules([granule("a"), granule("a", content="corrected"), granule("b")])
        ledger.quarantine("a.20140201", granule("a").checksum, "truncated")
        assert seen(ledger, slot()) == ["a.20140201", "b.20140201"]
        ledger.quarantine("a.20140201", "", "withdrawn")
        assert seen(ledger, slot()) == ["b.20140201"]
        assert [reason for _, reason in ledger.granules(quarantined=True)] == ["withdrawn", "withdrawn"]
        assert [each.granule_id for each, _ in ledger.granules(quarantined=False)] == ["b.20140201"]
        assert ledger.release("a.20140201") == 2
        assert len(seen(ledger, slot())) == 3

    def test_the_completing_granule_is_never_missed(self, ledger: Ledger) -> None:
        races = 50
        tasks: list[Task] = []

        def deliver(name: str, barrier: threading.Barrier) -> None:
            for day in range(races):
                barrier.wait(30)
                ledger.record_granules([granule(name, day)])
                tasks.extend(ledger.look(ledger.slots_touched(opening(slot(day))), same_days, at_least(2)))

        barrier = threading.Barrier(2)
        threads = [threading.Thread(target=deliver, args=(name, barrier)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(each.slot.key for each in tasks) == sorted(slot(day).key for day in range(races))


def lying(place: str, hours: float) -> Granule:
    """Return the granule `a` as announced from a directory, so many hours after its day began."""
    checksum = sha256("a")
    asset = Asset(href=f"{place}/a", size=1, checksum=checksum)
    return granule("a", assets=(asset,), received_at=FIRST + timedelta(hours=hours))


def places(ledger: Ledger) -> list[str]:
    return [asset.href for each, _ in ledger.granules() for asset in each.assets]
