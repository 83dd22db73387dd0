"""Records of products: kept, caught up with, refused; whatever is in one, the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.specimens import granule, product, slot, tb
from gatherer.house import House, the
from icestream_core import naming
from icestream_core.inputs import source
from icestream_core.message import Registration
from icestream_core.slot import Slot
from icestream_gatherer import look, records


def test_a_record_that_comes_after_its_granules_is_caught_up_with(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.gatherer().intake.record([granule(number) for number in range(5)])
    house.register(product())
    house.settle_down()
    assert list(house.states().values()) == ["made"] * 5
    house.close()


def test_every_worker_that_starts_does_not_make_the_gatherer_look_at_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, product())
    house.send(granule())
    house.settle_down()
    looked: list[Slot] = []
    monkeypatch.setattr(look.Looker, "look", lambda _self, slots: looked.extend(slots))
    house.register(product())
    assert looked == []
    house.register(product(version="1.0.1"))
    assert looked == [slot()]
    house.close()


def test_a_registration_that_somebody_died_over_is_caught_up_with(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.gatherer().intake.record([granule()])
    house.gatherer().records.register(product().record())
    house.publish(naming.registration_key("depth"), Registration(record=product().record()))
    house.take(naming.INTAKE)
    house.turn(naming.INTAKE, house.gatherer())
    assert list(house.states()) == ["depth.20140201"]
    house.close()


@pytest.mark.parametrize("killed", ["who recorded them", "who registered it"])
def test_granules_that_were_recorded_before_a_product_was_heard_of_are_found_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    monkeypatch.setattr(records, "STALE_SECONDS", 0.05)
    house = House(tmp_path)
    one, other = house.gatherer(), house.gatherer()
    assert other.records.all() == []
    house.publish(naming.registration_key("depth"), Registration(record=product().record()))
    house.turn(naming.INTAKE, one)
    with monkeypatch.context() as patch:
        patch.setattr(records.Records, "refresh", lambda *_given, **_named: None)
        other.intake.record([granule()])
    assert house.states() == {}
    left = one if killed == "who recorded them" else other
    for _ in range(100):
        left.ticker.tick()
        if house.states():
            break
        house.broker.subscribe([naming.DEAD], 1).get(0.02)
    assert house.states() == {"depth.20140201": "tasked"}
    assert left.records.to_catch_up() == []
    house.close()


def test_a_product_that_is_registered_again_while_it_is_caught_up_with_is_caught_up_with_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "STALE_SECONDS", 0.0)
    house = House(tmp_path)
    one = house.gatherer()
    one.records.register(product().record())
    ((first, registered_at),) = one.records.to_catch_up()
    one.records.register(product(version="1.0.1").record())
    one.records.caught_up(first, registered_at)
    ((again, registered_again_at),) = one.records.to_catch_up()
    assert again.version == "1.0.1"
    one.records.caught_up(again, registered_again_at)
    assert one.records.to_catch_up() == []
    house.close()


def test_a_new_record_is_heard_of_by_the_other_gatherer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "STALE_SECONDS", 0.0)
    house = House(tmp_path)
    other = house.gatherer()
    assert other.records.find("depth") is None
    house.register(product())
    assert other.records.find("depth").version == "1.0.0"
    house.close()


def test_an_older_record_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    house = House(tmp_path, product(version="2.0.0"))
    house.register(product(version="1.10.0"))
    assert house.gatherer().records.find("depth").version == "2.0.0"
    house.close()


def test_a_record_that_this_icestream_cannot_read_stops_its_own_product_only(house: House) -> None:
    house.ledger.register({"name": "from-the-future", "version": "9.0.0", "wormhole": True})
    house.send(granule(part="19h"), granule(part="37h"))
    house.settle_down()
    assert the(house, "depth.20140201").state == "made"


def test_the_family_of_a_product_that_a_newer_icestream_registered_is_unknown(house: House) -> None:
    known = house.gatherer().records
    assert known.family("depth") == "tests"
    house.ledger.register(product(version="9.0.0").record() | {"wormhole": True})
    assert house.gatherer().records.family("depth") == "unknown"


def test_a_record_that_does_not_hold_together_is_kept_as_a_letter_that_says_why(house: House) -> None:
    house.publish("register.bad", Registration(record={"name": "bad"}))
    house.settle_down()
    assert "product record 'bad'" in house.ledger.letters()[0]["reason"]


def test_products_that_trigger_each_other_in_a_circle_are_refused(house: House) -> None:
    circle = product({"tb": tb(), "fine": tb(sources=(source("fine"),))}, version="1.1.0")
    house.publish("register.depth", Registration(record=circle.record()))
    house.settle_down()
    assert "in a circle" in house.ledger.letters()[0]["reason"]
    assert house.gatherer().records.find("depth").version == "1.0.0"


def test_a_product_stands_behind_all_that_it_reads() -> None:
    chain = {
        "depth": product(),
        "cover": product(name="cover"),
        "fine": product({"depth": tb(sources=(source("depth"),)), "tb": tb()}, name="fine"),
        "finest": product(
            {"fine": tb(sources=(source("fine"),)), "cover": tb(sources=(source("cover"),))}, name="finest"
        ),
    }
    assert records.levels(chain) == {"depth": 1, "cover": 1, "fine": 2, "finest": 3}
    back = tb(sources=(source("fine"),), role="companion")
    round_again = records.levels(chain | {"depth": product({"tb": tb(), "back": back})})
    assert round_again["finest"] > round_again["fine"]
