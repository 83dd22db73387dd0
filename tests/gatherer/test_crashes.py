"""Whatever dies when, each slot has one current result of its inputs, made once and announced under one id."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.specimens import granule, product
from gatherer.house import Dying, Gathering, House, KilledError, outcome, tasks
from icestream_core import naming
from icestream_core.granule import Granule
from icestream_core.message import encode
from icestream_runtime.broker import Message

PARTS = [granule(part="19h"), granule(part="37h")]
QUEUE = naming.make_queue("depth")


def once(house: House) -> None:
    """Both products of the day were made once, are announced once, and nothing is left to do."""
    assert house.states() == {"depth.20140201": "made", "fine.20140201": "made"}
    assert [row.revision for row in house.ledger.slots()] == [1, 1]
    assert set(house.made.values()) == {1}
    assert len(house.made) == 2
    assert {each.granule_id for each in house.heard()} == {"depth.20140201", "fine.20140201"}
    assert len(set(house.heard_ids())) == 2
    assert house.shown() == ["depth.20140201.nc", "fine.20140201.nc"]
    assert house.ledger.due() == []
    assert house.ledger.to_announce() == []
    assert house.ledger.letters() == []


def dies(house: House, queue: str, gathering: Gathering) -> None:
    with pytest.raises(KilledError):
        house.turn(queue, gathering)


def test_nothing_dies_and_everything_is_made_once(house: House) -> None:
    house.send(*PARTS)
    house.settle_down()
    once(house)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["record_granules", "look", "task_published"])
def test_a_gatherer_dies_over_granules(house: House, call: str, after: bool) -> None:
    house.send(*PARTS)
    dies(house, naming.INTAKE, house.gatherer(ledger=Dying(house.ledger, call, after=after)))
    house.settle_down()
    once(house)


@pytest.mark.parametrize("call", ["record_granules", "look", "task_published"])
def test_a_gatherer_dies_over_granules_and_nobody_sends_them_again(house: House, call: str) -> None:
    house.send(*PARTS)
    subscription = house.broker.subscribe([naming.INTAKE], 10)
    batch = subscription.drain(10)
    with pytest.raises(KilledError):
        house.gatherer(ledger=Dying(house.ledger, call, after=True)).intake.handle(batch)
    subscription.ack(*batch)
    house.settle_down()
    once(house)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_gatherer_dies_over_publishing_a_task(house: House, after: bool) -> None:
    house.send(*PARTS)
    dies(house, naming.INTAKE, house.gatherer(broker=Dying(house.broker, "publish", after=after)))
    assert house.states() == {"depth.20140201": "tasked"}
    house.settle_down()
    once(house)


def test_a_task_that_was_published_and_not_marked_is_published_again_and_its_directory_adopted(house: House) -> None:
    house.send(*PARTS)
    dies(house, naming.INTAKE, house.gatherer(ledger=Dying(house.ledger, "task_published")))
    house.gatherer().ticker.tick()
    found = tasks(house.take(QUEUE))
    assert len(found) >= 2
    assert len({task.inputs_hash for task in found}) == 1
    house.settle_down()
    once(house)


def test_a_task_that_is_published_and_marked_is_not_published_again(house: House) -> None:
    house.send(*PARTS)
    house.turn(naming.INTAKE, house.gatherer())
    for _ in range(3):
        house.gatherer().ticker.tick()
        house.send(*PARTS)
        house.turn(naming.INTAKE, house.gatherer())
    assert len(house.take(QUEUE)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "die",
    [
        lambda house, after: {"ledger": Dying(house.ledger, "finalise", after=after)},
        lambda house, after: {"storage": Dying(house.storage, "place", after=after)},
        lambda house, after: {"broker": Dying(house.broker, "publish", after=after)},
        lambda house, after: {"ledger": Dying(house.ledger, "announced", after=after)},
    ],
    ids=["finalising", "placing", "announcing", "marking"],
)
def test_a_gatherer_dies_over_an_outcome(
    house: House, die: Callable[[House, bool], dict[str, object]], after: bool
) -> None:
    house.send(*PARTS)
    house.turn(naming.INTAKE, house.gatherer())
    house.work()
    dies(house, naming.OUTCOMES, house.gatherer(**die(house, after)))
    house.settle_down()
    once(house)


def test_an_outcome_that_comes_twice_is_announced_once(house: House) -> None:
    house.send(*PARTS)
    house.turn(naming.INTAKE, house.gatherer())
    (task,) = tasks(house.take(QUEUE))
    answer = encode(house.answer(task))
    for _ in range(3):
        house.broker.publish([Message(answer, naming.OUTCOMES, exchange="")])
    house.settle_down()
    once(house)
    assert len(house.heard()) == 2


def test_a_zombie_that_answers_late_changes_nothing(house: House) -> None:
    house.send(*PARTS)
    house.turn(naming.INTAKE, house.gatherer())
    (old,) = tasks(house.take(QUEUE))
    house.settle_down()
    corrected = granule(part="19h", content="corrected", published_at=PARTS[0].end)
    house.send(corrected)
    house.settle_down()
    for late in (house.answer(old), outcome(old, status="failed", fault="product", reason="late")):
        house.broker.publish([Message(encode(late), naming.OUTCOMES, exchange="")])
    house.settle_down()
    row = house.ledger.slot("depth.20140201")
    assert row is not None
    assert (row.state, row.revision, row.attempts) == ("made", 2, 0)
    current = house.ledger.history(row.slot)[-1]
    assert corrected.checksum in [entry["checksum"] for entry in current["inputs"]]


def test_a_granule_that_comes_while_its_slot_is_being_made_is_made_of_next(house: House) -> None:
    house.send(*PARTS)
    house.turn(naming.INTAKE, house.gatherer())
    (task,) = tasks(house.take(QUEUE))
    answer = house.answer(task)
    house.send(granule(part="19h", content="corrected", published_at=PARTS[0].end))
    house.turn(naming.INTAKE, house.gatherer())
    assert len(house.take(QUEUE)) == 1, "one task of a slot is outstanding at a time"
    house.broker.publish([Message(encode(answer), naming.OUTCOMES, exchange="")])
    house.settle_down()
    row = house.ledger.slot("depth.20140201")
    assert row is not None
    assert (row.state, row.revision) == ("made", 2)
    assert [each.revision for each in house.heard() if each.collection == "depth"] == [1, 2]


def test_two_gatherers_that_race_for_the_completing_granule_miss_none_and_double_none(tmp_path: Path) -> None:
    of = product()
    count = 40
    house = House(tmp_path, product(inputs={"tb": of.inputs["tb"].model_copy(update={"at_least": 2})}))
    gatherers = [house.gatherer(), house.gatherer()]
    halves: list[list[Granule]] = [
        [granule(number + half / 2, days=0.5) for number in range(count)] for half in range(2)
    ]
    start = threading.Barrier(2)

    def record(gathering: Gathering, mine: list[Granule]) -> None:
        for each in mine:
            start.wait(30)
            gathering.intake.record([each])

    threads = [
        threading.Thread(target=record, args=(gathering, mine))
        for gathering, mine in zip(gatherers, halves, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    found = tasks(house.take(naming.make_queue("depth")))
    assert len({task.slot.key for task in found}) == len(found) == count
    house.settle_down()
    assert set(house.states().values()) == {"made"}
    assert set(house.made.values()) == {1}
    house.close()
