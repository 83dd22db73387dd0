"""What a backfill asks of slots: made out of the way of new passes, and made again by a newer version."""

from __future__ import annotations

from core.specimens import granule, product, slot, tb
from gatherer.house import House, tasks
from icestream_core import naming
from icestream_core.inputs import source

NEWER = product({"tb": tb(sources=(source("tb", needs="19h 37h"),))}, version="1.1.0")


def make_two(house: House) -> None:
    for number in range(2):
        house.send(granule(number, part="19h"), granule(number, part="37h"))
    house.settle_down()


def versions(house: House) -> dict[str, str]:
    found = house.ledger.versions("depth", (slot().start, slot(9).end))
    return {each.slot.key: each.version for each in found}


def test_what_a_backfill_asks_for_goes_by_the_queue_that_yields(house: House) -> None:
    house.ledger.record_granules([granule(part="19h"), granule(part="37h")])
    house.ledger.ask([slot()], "backfill")
    house.gatherer().ticker.tick()
    assert house.take(naming.make_queue("depth")) == []
    (task,) = tasks(house.take(naming.make_queue("depth", "reprocessing")))
    assert task.mode == "reprocessing"
    house.settle_down()
    assert house.states() == {"depth.20140201": "made", "fine.20140201": "made"}
    assert {each.mode for each in house.heard()} == {"reprocessing"}


def test_a_newer_version_makes_again_what_was_asked_for_and_nothing_else(house: House) -> None:
    make_two(house)
    house.register(NEWER)
    house.settle_down()
    assert versions(house) == {"depth.20140201": "1.0.0", "depth.20140202": "1.0.0"}

    assert house.ledger.ask([slot()], "again") == 1
    house.settle_down()
    assert versions(house) == {"depth.20140201": "1.1.0", "depth.20140202": "1.0.0"}
    first, second = house.ledger.history(slot())
    assert (first["version"], second["version"]) == ("1.0.0", "1.1.0")
    assert first["inputs"] == second["inputs"]
    assert first["manifest"]["href"] != second["manifest"]["href"]
    assert house.ledger.slot("fine.20140201").revision == 2
    assert house.ledger.slot("fine.20140202").revision == 1


def test_what_was_made_again_is_not_made_a_third_time(house: House) -> None:
    make_two(house)
    house.register(NEWER)
    house.ledger.ask([slot()], "again")
    house.settle_down()
    house.ledger.ask([slot()], "again")
    house.send(granule(part="19h"))
    house.settle_down()
    assert house.ledger.slot("depth.20140201").revision == 2
    assert house.ledger.under_way("depth") == 0


def test_a_correction_after_it_is_made_by_the_rules_of_every_day(house: House) -> None:
    make_two(house)
    house.register(NEWER)
    house.ledger.ask([slot()], "again")
    house.settle_down()
    house.send(granule(part="19h", content="corrected", published_at=granule().end))
    house.settle_down()
    assert house.ledger.slot("depth.20140201").revision == 3
    assert house.heard()[-1].mode == "forward"
