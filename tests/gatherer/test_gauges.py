"""What a gatherer shows of the whole stream: what waits and for what, queues, clock, disk, letters."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from core.specimens import granule
from gatherer.house import House
from icestream_core import naming, plugins
from icestream_core.errors import LedgerError, StorageError
from icestream_core.message import encode
from icestream_gatherer import gauges
from icestream_gatherer.gatherer import Gatherer
from icestream_gatherer.gauges import Gauges, input_of
from icestream_runtime.broker import BrokerUnavailable, Message, QueueMissing
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import (
    AWAY,
    AWAY_ERRORS,
    CLOCK_SKEW,
    DISK_SIZE,
    LAST_GRANULE,
    OVERDUE_SLOTS,
    QUEUE_CONSUMERS,
    QUEUE_MESSAGES,
    SLOTS,
    UNREADABLE,
    WAITING_SLOTS,
    Metric,
    Metrics,
)
from icestream_runtime.settings import Settings


def shown(house: House) -> tuple[Gauges, Metrics]:
    metrics = Metrics()
    gathering = house.gatherer()
    shows = Gauges(house.ledger, house.broker, house.storage, gathering.records, metrics)
    shows.show()
    return shows, metrics


def test_slots_are_shown_by_the_input_that_they_wait_for(house: House) -> None:
    house.settle = timedelta(hours=1)
    house.send(granule(0, part="19h"), granule(1, part="19h"))
    house.turn(naming.INTAKE, house.gatherer())
    shows, metrics = shown(house)
    assert metrics.value(SLOTS, product="depth", state="waiting") == 2
    assert metrics.value(WAITING_SLOTS, product="depth", input="tb") == 2
    house.send(granule(0, part="37h"), granule(1, part="37h"))
    house.settle_down()
    shows.show()
    assert metrics.registry.get_sample_value(WAITING_SLOTS.name, {"product": "depth", "input": "tb"}) == 0


@pytest.mark.parametrize(
    ("words", "input_"),
    [
        ("tb (nsidc-0032) part 37h", "tb"),
        ("tb (nsidc-0032): any further tile", "tb"),
        ("tb: the rest of the period", "tb"),
        ("forest (fraction): icestream fit depth", "forest"),
        ("quiet", "quiet"),
        ("the record of its product: icestream register depth", "record"),
    ],
)
def test_the_words_of_a_waiting_slot_name_its_input(words: str, input_: str) -> None:
    assert input_of(words, ["tb", "forest"]) == input_


def test_slots_that_nobody_looks_at_are_shown_as_overdue(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "OVERDUE_SECONDS", 0.0)
    house.gatherer().intake.record([granule(part="19h")])
    touched = house.gatherer().records.touched_by([granule(1, part="19h")])
    house.ledger.slots_touched(touched)
    _, metrics = shown(house)
    assert metrics.value(OVERDUE_SLOTS, product="depth") == 1
    assert metrics.registry.get_sample_value(OVERDUE_SLOTS.name, {"product": "fine"}) == 0


def test_queues_show_their_messages_and_consumers(house: House) -> None:
    house.send(granule(part="19h"))
    subscription = house.broker.subscribe([naming.OUTCOMES], 1)
    _, metrics = shown(house)
    assert metrics.value(QUEUE_MESSAGES, queue=naming.INTAKE) == 1
    assert metrics.value(QUEUE_CONSUMERS, queue=naming.OUTCOMES) == 1
    subscription.close()


def test_what_came_before_a_restart_is_shown_after_it(house: House) -> None:
    house.send(granule(part="19h"))
    house.turn(naming.INTAKE, house.gatherer())
    _, metrics = shown(house)
    labels = {"sensor": granule().sensor, "collection": granule().collection}
    assert metrics.value(LAST_GRANULE, **labels) == pytest.approx(house.ledger.clock().timestamp(), abs=30)


def test_the_ledgers_clock_and_the_disk_are_shown(house: House) -> None:
    _, metrics = shown(house)
    assert abs(metrics.value(CLOCK_SKEW, of="ledger")) < 1
    assert metrics.value(DISK_SIZE, place="output") > 0


def test_a_message_that_nobody_can_read_counts_by_its_queue(house: House) -> None:
    gathering = house.gatherer()
    house.publish("granule.ssmis.tb", b"no message")
    house.turn(naming.INTAKE, gathering)
    house.broker.publish([_to(naming.OUTCOMES, encode(granule()))])
    house.turn(naming.OUTCOMES, gathering)
    assert gathering.metrics.value(UNREADABLE, queue=naming.INTAKE) == 1
    assert gathering.metrics.value(UNREADABLE, queue=naming.OUTCOMES) == 1
    assert len(house.ledger.letters()) == 2


def test_a_message_that_nobody_can_read_counts_once_however_often_its_batch_is_tried(house: House) -> None:
    gathering = house.gatherer()
    house.publish("granule.ssmis.tb", b"no message")
    batch = house.take(naming.INTAKE)
    for _ in range(3):
        gathering.intake.handle(batch)
    assert gathering.metrics.value(UNREADABLE, queue=naming.INTAKE) == 1


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (LedgerError("away"), "ledger"),
        (StorageError("full"), "storage"),
        (BrokerUnavailable("no answer"), "broker"),
        (QueueMissing("icestream.intake"), "broker"),
    ],
)
def test_what_is_away_is_shown_until_it_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, what: str
) -> None:
    monkeypatch.setattr("icestream_gatherer.gatherer.AWAY_SECONDS", 0.01)
    metrics = Metrics()
    gatherer = Gatherer(Settings(), house.broker, house.ledger, house.storage, metrics, plugins.lifecycle([]))
    assert metrics.registry.get_sample_value(AWAY.name, {"what": what}) == 0
    seen: list[Any] = []

    def work() -> None:
        if len(seen) < 2:
            seen.append(metrics.value(AWAY, what=what))
            raise error
        seen.append(metrics.value(AWAY, what=what))

    assert gatherer._until_it_works("ticker", threading.Event(), work)
    assert seen == [0, 1, 1]
    assert metrics.value(AWAY, what=what) == 0
    assert metrics.value(AWAY_ERRORS, what=what) == 2


def test_gauges_are_shown_while_the_ticker_hangs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(tick_seconds=0.01, gauge_seconds=0.01)
    gatherer = Gatherer(settings, house.broker, house.ledger, house.storage, Metrics(), plugins.lifecycle([]))
    stop, hangs, shown_meanwhile = threading.Event(), threading.Event(), threading.Event()

    def tick() -> None:
        hangs.set()
        stop.wait(30)

    def show() -> None:
        if hangs.is_set():
            shown_meanwhile.set()

    monkeypatch.setattr(gatherer.ticker, "tick", tick)
    monkeypatch.setattr(gatherer._gauges, "show", show)
    running = threading.Thread(target=gatherer.run, args=(stop,))
    running.start()
    assert shown_meanwhile.wait(10)
    stop.set()
    running.join()


def test_a_gatherer_is_not_ready_while_its_broker_is_away(house: House) -> None:
    class Gone(MemoryBroker):
        def depth(self, *_: object) -> Any:
            raise BrokerUnavailable("no answer")

    gatherer = Gatherer(Settings(), Gone(), house.ledger, house.storage, Metrics(), plugins.lifecycle([]))
    assert {check.name: check.probe() for check in gatherer.ready}["broker"] == "no answer"


def _to(queue: str, body: bytes) -> Message:
    return Message(body, queue, exchange="")


def test_what_has_not_happened_yet_is_shown_as_nought_so_that_the_first_is_seen(house: House) -> None:
    _, metrics = shown(house)
    labels = {"product": "fine", "family": house.gatherer().records.family("fine")}
    known = metrics.registry.get_sample_value
    assert known("icestream_unreadable_total", {"queue": naming.DEAD}) == 0
    assert known("icestream_arrival_latency_seconds_count", labels) == 0
    assert {
        fault: known("icestream_outcomes_total", labels | {"outcome": "failed", "fault": fault})
        for fault in ("product", "granule", "storage", "limit")
    } == {"product": 0, "granule": 0, "storage": 0, "limit": 0}


def test_who_comes_back_last_shows_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icestream_gatherer.gatherer.AWAY_SECONDS", 0.01)
    metrics, both, paused = Metrics(), threading.Barrier(2), threading.Event()
    gatherer = Gatherer(Settings(), house.broker, house.ledger, house.storage, metrics, plugins.lifecycle([]))
    show = metrics.show

    def shown_late(metric: Metric, value: float, **labels: str) -> None:
        # The first who is back sees that the other is not, and is held up before it says so.
        if labels == {"what": "broker"} and gatherer._away.keys() == {"last"} and not paused.is_set():
            paused.set()
            last.join(0.3)
        show(metric, value, **labels)

    def turn() -> None:
        tried: list[int] = []

        def work() -> None:
            tried.append(1)
            if len(tried) == 1:
                raise BrokerUnavailable("no answer")
            both.wait(5)
            if len(tried) == 2 and threading.current_thread().name == "last":
                assert paused.wait(5)

        gatherer._until_it_works(threading.current_thread().name, threading.Event(), work)

    first, last = (threading.Thread(target=turn, name=name) for name in ("first", "last"))
    monkeypatch.setattr(metrics, "show", shown_late)
    for thread in (first, last):
        thread.start()
    for thread in (first, last):
        thread.join(10)
    assert gatherer._what_is_away() is None
    assert metrics.value(AWAY, what="broker") == 0
