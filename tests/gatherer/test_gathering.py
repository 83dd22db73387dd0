"""What a gatherer does with what comes: granules, records, outcomes, dead letters, nonsense, silence."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.specimens import DAY, HOUR, granule, product, slot, tb
from gatherer.house import House, tasks, the
from icestream_core import naming
from icestream_core import period as periods
from icestream_core.errors import LedgerAway, LedgerError, StorageError
from icestream_core.inputs import Input, source
from icestream_core.message import encode
from icestream_core.outcome import Manifest
from icestream_core.slot import Slot, Stage
from icestream_core.touch import Touch
from icestream_gatherer import __main__ as service
from icestream_gatherer import look, ticker
from icestream_gatherer.outcomes import DEAD_TRIES
from icestream_gatherer.ticker import backoff
from icestream_runtime.broker import Message
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage


def test_products_of_products_are_made_by_themselves(house: House) -> None:
    for number in range(3):
        house.send(granule(number, part="19h"), granule(number, part="37h"))
    house.settle_down()
    assert set(house.states().values()) == {"made"}
    assert len(house.states()) == 6
    assert [each.collection for each in house.heard()] == ["depth"] * 3 + ["fine"] * 3


def test_an_announcement_that_nobody_wants_is_normal(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    assert house.ledger.letters() == []
    assert house.ledger.to_announce() == []


def test_a_void_is_announced_when_it_is_decided_and_its_files_are_taken_away(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    house.voids.add("depth")
    house.send(granule(part="19h", content="corrected", published_at=granule().end))
    house.turn(naming.INTAKE, house.gatherer())
    house.work()
    house.turn(naming.OUTCOMES, house.gatherer())
    house.turn(naming.INTAKE, house.gatherer())
    last = house.heard()[-1]
    assert (last.collection, last.void, last.revision) == ("fine", "input depth is void: polar night", 2)
    assert house.shown() == []
    assert house.states() == {"depth.20140201": "void", "fine.20140201": "void"}


def test_the_same_void_again_is_no_new_revision(house: House) -> None:
    house.voids.add("depth")
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    house.ledger.slots_touched([])
    for _ in range(3):
        house.gatherer().intake.record([each for each in house.heard() if each.collection == "depth"])
        house.settle_down()
    assert the(house, "fine.20140201").revision == 1
    assert the(house, "fine.20140201").reason == "input depth is void: polar night"


def test_a_failure_is_tried_again_and_dead_in_the_end_while_others_go_on(house: House) -> None:
    house.fails["fine"] = "product"
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    row = the(house, "fine.20140201")
    assert (row.state, row.attempts, row.reason, row.due_at) == ("dead", 3, "as told", None)
    assert [attempts for _, attempts, _ in house.failed] == [1, 2, 3]
    assert [dead for _, _, dead in house.failed] == [False, False, True]
    assert the(house, "depth.20140201").state == "made"


def test_a_dead_slot_stays_dead_until_its_inputs_change(house: House) -> None:
    house.fails["depth"] = "product"
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    for _ in range(3):
        house.send(granule(part="19h"), granule(part="37h"))
        house.settle_down()
    assert len(house.failed) == 3
    house.fails.clear()
    house.send(granule(part="19h", content="corrected", published_at=granule().end))
    house.settle_down()
    assert the(house, "depth.20140201").state == "made"


def test_storage_that_is_away_counts_no_attempt(tmp_path: Path) -> None:
    house = House(tmp_path, product())
    house.fails["depth"] = "storage"
    house.send(granule())
    for _ in range(8):
        gathering = house.gatherer()
        gathering.ticker.tick()
        for queue in (naming.INTAKE, naming.OUTCOMES):
            house.turn(queue, gathering)
        house.work()
    assert (the(house, "depth.20140201").attempts, {dead for _, _, dead in house.failed}) == (0, {False})
    house.fails.clear()
    house.settle_down()
    assert the(house, "depth.20140201").state == "made"
    house.close()


def test_a_look_does_not_shorten_a_back_off(tmp_path: Path) -> None:
    of = product({"tb": tb(tile="all")})
    house = House(tmp_path, of, settle=timedelta(seconds=0.05))
    house.backoff_seconds = 60.0
    house.fails["depth"] = "product"
    house.send(granule(tile="a"))
    for _ in range(200):
        house.turn(naming.INTAKE, house.gatherer())
        house.gatherer().ticker.tick()
        if house.work():
            break
    house.turn(naming.OUTCOMES, house.gatherer())
    due_at = the(house, "depth.20140201").due_at
    house.settle = timedelta(seconds=30)
    house.send(granule(tile="a"))
    house.turn(naming.INTAKE, house.gatherer())
    assert the(house, "depth.20140201").due_at == due_at
    assert house.take(naming.make_queue("depth")) == []
    house.close()


def test_the_back_off_doubles_and_ends_however_often_it_fails() -> None:
    wait = backoff(30, timedelta(hours=1))
    assert [wait(attempts) for attempts in (1, 2, 3, 8, 100_000)] == [30, 60, 120, 3600, 3600]


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"nonsense", "not a msgpack message"), (b"\x80", "a message is a map of schema, version and content")],
)
@pytest.mark.parametrize("queue", [naming.INTAKE, naming.OUTCOMES, naming.DEAD])
def test_what_cannot_be_read_is_kept_with_its_reason_and_the_stream_goes_on(
    house: House, queue: str, body: bytes, reason: str
) -> None:
    house.broker.publish([Message(body, queue, exchange="")])
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    (letter,) = house.ledger.letters()
    assert reason in letter["reason"]
    assert (letter["queue"], letter["body"]) == (queue, body)
    assert the(house, "depth.20140201").state == "made"


def test_a_task_among_the_granules_is_kept_as_a_letter(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.turn(naming.INTAKE, house.gatherer())
    (task,) = tasks(house.take(naming.make_queue("depth")))
    house.broker.publish([Message(encode(task), naming.INTAKE, exchange="")])
    house.turn(naming.INTAKE, house.gatherer())
    assert "a task message does not belong into the intake" in house.ledger.letters()[0]["reason"]


def test_an_outcome_of_a_product_that_nobody_knows_is_dropped(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.turn(naming.INTAKE, house.gatherer())
    (task,) = tasks(house.take(naming.make_queue("depth")))
    stray = task.model_copy(update={"slot": slot(0, product(name="unheard-of"))})
    house.fails["unheard-of"] = "product"
    house.broker.publish([Message(encode(house.answer(stray)), naming.OUTCOMES, exchange="")])
    house.settle_down()
    assert house.failed == []
    assert the(house, "depth.20140201").state == "made"


def test_a_task_that_killed_its_workers_comes_back_as_a_failure(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.turn(naming.INTAKE, house.gatherer())
    for _ in range(3):
        subscription = house.broker.subscribe([naming.make_queue("depth")], 1)
        for delivery in subscription.drain(1):
            subscription.reject(delivery, requeue=False)
        subscription.close()
        house.turn(naming.DEAD, house.gatherer())
        house.gatherer().ticker.tick()
    row = the(house, "depth.20140201")
    assert (row.state, row.attempts) == ("dead", 3)
    assert row.reason.startswith("its workers died without an answer")


def bury(house: House, body: bytes) -> None:
    house.broker.publish([Message(body, naming.DEAD, exchange="")])


def test_a_granule_that_gatherers_died_over_is_taken_in_from_the_dead_letters(house: House) -> None:
    bury(house, encode(granule(part="19h")))
    house.send(granule(part="37h"))
    house.settle_down()
    assert the(house, "depth.20140201").state == "made"


def give_up_on_dead(house: House, times: int) -> None:
    subscription = house.broker.subscribe([naming.DEAD], 1)
    for _ in range(times):
        delivery = subscription.get(1)
        assert delivery is not None
        subscription.reject(delivery, requeue=True)
    subscription.close()


def test_a_granule_whose_gatherers_went_away_with_it_unread_is_taken_in_all_the_same(house: House) -> None:
    bury(house, encode(granule(part="19h")))
    give_up_on_dead(house, DEAD_TRIES - 1)
    house.send(granule(part="37h"))
    house.settle_down()
    assert the(house, "depth.20140201").state == "made"
    assert house.ledger.letters() == []


def test_a_granule_that_kills_gatherers_even_there_is_kept_as_a_letter(house: House) -> None:
    bury(house, encode(granule(part="19h")))
    give_up_on_dead(house, DEAD_TRIES)
    house.turn(naming.DEAD, house.gatherer())
    assert house.ledger.granules() == []
    assert "a granule message came where outcomes are wanted" in house.ledger.letters()[0]["reason"]


def test_slots_of_a_product_without_a_record_do_not_keep_the_ticker_busy_or_others_waiting(house: House) -> None:
    ghost = product(name="ghost")
    interval = [periods.day().containing(datetime(2000, 1, 1, tzinfo=UTC) + number * DAY) for number in range(250)]
    house.ledger.slots_touched([Touch(ghost.name, each, "", "", opens=True) for each in interval])
    house.ledger.record_granules([granule(part="19h"), granule(part="37h")])
    house.ledger.slots_touched([Touch("depth", slot().interval, "", "", opens=True)])
    assert house.gatherer().ticker.tick() < 1000
    assert house.ledger.due() == []
    assert the(house, "depth.20140201").state == "tasked"
    assert the(house, "ghost.20000101").waiting_for == ("the record of its product: icestream register ghost",)


def test_a_tick_ends_although_slots_stay_due(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.ledger, "due", lambda _limit: [slot()] * ticker.BATCH)
    assert house.gatherer().ticker.tick() == ticker.ROUNDS * ticker.BATCH


def test_a_task_whose_queue_is_gone_gets_it_back(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    del house.broker._queues[naming.make_queue("depth")]
    house.turn(naming.INTAKE, house.gatherer())
    assert len(house.take(naming.make_queue("depth"))) == 1


def test_a_granule_over_too_many_periods_is_kept_as_a_letter_and_harms_nobody(tmp_path: Path) -> None:
    hourly = product(name="hourly", period=periods.hour())
    house = House(tmp_path, hourly, product(period=periods.singleton()))
    house.send(granule(start=periods.EPOCH, end=periods.END_OF_TIME), granule(days=1 / 24))
    house.settle_down()
    assert "overlaps more than 10000 periods" in house.ledger.letters()[0]["reason"]
    assert house.states() == {"depth.all": "made", "hourly.20140201T00": "made"}
    house.close()


def test_a_slot_of_more_granules_than_a_message_holds_is_hopeless_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "MAX_BYTES", 4000)
    house = House(tmp_path, product({"tb": tb(tile="all")}))
    house.send(*(granule(tile=str(number)) for number in range(20)))
    house.settle_down()
    row = the(house, "depth.20140201")
    assert row.state == "hopeless"
    assert row.reason.startswith("made of 20 granules, which no message holds")
    house.close()


class Refusing(Storage):
    """A store in which one slot cannot be placed."""

    def place(self, slot: Slot, manifest: Manifest | None, revision: int, stage: Stage = "final") -> bool:
        if slot.key == "depth.20140201":
            raise StorageError("read-only")
        return super().place(slot, manifest, revision, stage)


def test_one_slot_that_cannot_be_placed_holds_up_no_other(tmp_path: Path) -> None:
    house = House(tmp_path, product())
    house.send(granule(0), granule(1))
    house.turn(naming.INTAKE, house.gatherer())
    house.work()
    refusing = house.gatherer(storage=Refusing(tmp_path / "out"))
    house.turn(naming.OUTCOMES, refusing)
    assert [each.granule_id for each in house.heard()] == ["depth.20140202"]
    with pytest.raises(StorageError, match="read-only"):
        refusing.ticker.tick()
    house.settle_down()
    assert [each.granule_id for each in house.heard()] == ["depth.20140202", "depth.20140201"]
    house.close()


def test_slots_that_wait_for_parameters_are_made_when_they_come(tmp_path: Path) -> None:
    parameters = Input(sources=(source("depth-coefficients"),), role="parameters")
    house = House(tmp_path, product({"tb": tb(), "coefficients": parameters}))
    house.send(granule(0), granule(1))
    house.settle_down()
    assert set(house.states().values()) == {"waiting"}
    assert the(house, "depth.20140201").waiting_for == ("coefficients (depth-coefficients): icestream fit depth",)
    house.send(granule(0, "depth-coefficients", start=periods.EPOCH, end=periods.END_OF_TIME))
    house.settle_down()
    assert set(house.states().values()) == {"made"}
    house.close()


def test_backfill_has_a_queue_of_its_own_all_the_way_down(house: House) -> None:
    house.send(*(granule(part=part, mode="reprocessing") for part in ("19h", "37h")))
    house.turn(naming.INTAKE, house.gatherer())
    assert len(house.take(naming.make_queue("depth", "reprocessing"))) == 1
    house.work()
    house.turn(naming.OUTCOMES, house.gatherer())
    house.turn(naming.INTAKE, house.gatherer())
    assert len(house.take(naming.make_queue("fine", "reprocessing"))) == 1


def test_a_correction_makes_the_next_revision_of_everything_made_of_it(house: House) -> None:
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    house.send(granule(part="19h", content="corrected", published_at=granule().end + HOUR))
    house.settle_down()
    assert [row.revision for row in house.ledger.slots()] == [2, 2]
    assert [(each.collection, each.revision) for each in house.heard()] == [
        ("depth", 1),
        ("fine", 1),
        ("depth", 2),
        ("fine", 2),
    ]


def test_a_gatherer_waits_for_a_ledger_that_is_away_and_gives_up_on_one_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, asked = threading.Event(), []

    def away(url: str) -> None:
        asked.append(url)
        if len(asked) == 2:
            stop.set()
        raise LedgerAway("the database system is starting up")

    def refuses(url: str) -> None:
        raise LedgerError("password authentication failed")

    monkeypatch.setattr(service, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(service, "open_ledger", away)
    settings = Settings(out=str(tmp_path))
    service.run(settings, stop, broker=MemoryBroker())
    assert len(asked) == 2
    monkeypatch.setattr(service, "open_ledger", refuses)
    with pytest.raises(LedgerError, match="password"):
        service.run(settings, threading.Event(), broker=MemoryBroker())
