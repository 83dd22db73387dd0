"""The catalogue keeps what is announced, refuses what is no item, and takes what it missed from the ledger."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from catalogue.world import World, again, day_of, get, serving, until
from icestream_catalogue.catalogue import Catalogue
from icestream_catalogue.entry import Entry, entry_of
from icestream_catalogue.store import Store, open_store
from icestream_core.errors import StorageError
from icestream_core.granule import Granule
from icestream_core.message import encode
from icestream_core.naming import CATALOGUE, DEAD
from icestream_runtime.broker import Message
from icestream_runtime.ledger import Ledger
from icestream_runtime.metrics import ANNOUNCEMENTS, UNREADABLE
from icestream_runtime.storage import Storage
from icestream_runtime.topology import catalogue_topology

DEPTH = "snow-depth-china"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.register("cold-pass-tb", DEPTH)
    yield world
    world.close()


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def consume(world: World, store: Store) -> None:
    """Let a catalogue handle what waits in its queue."""
    catalogue = Catalogue(world.broker, store, world.ledger, world.storage, world.metrics)
    subscription = world.broker.subscribe([CATALOGUE], 100)
    batch = subscription.drain(100)
    catalogue.handle(subscription, batch)
    subscription.close()


def fates(world: World, product: str = DEPTH) -> dict[str, float]:
    kinds = ("kept", "repeated", "older", "void", "refused")
    counted = {fate: world.metrics.value(ANNOUNCEMENTS, product=product, fate=fate) for fate in kinds}
    return {fate: count for fate, count in counted.items() if count}


def test_every_announcement_comes_to_its_queue_and_is_kept_once(world: World, store: Store) -> None:
    world.broker.apply(catalogue_topology())
    first = world.make(day_of(DEPTH, 0))
    cold = world.make(day_of("cold-pass-tb", 0, tile="nl", variant="cold"))
    world.announce(first, cold, first, again(first, 3), again(first, 2))
    consume(world, store)
    assert {name: extent.items for name, extent in store.extents().items()} == {DEPTH: 1, "cold-pass-tb": 1}
    item = store.item(first.granule_id)
    assert item is not None
    assert item.standing // 2 == 3
    world.announce(first, again(first, 3))
    consume(world, store)
    assert fates(world)["older"] >= 1
    assert fates(world)["repeated"] >= 1
    assert world.broker.depth(CATALOGUE).ready == 0


def test_what_is_no_message_goes_to_the_dead_letters_and_the_others_are_kept(world: World, store: Store) -> None:
    world.broker.apply(catalogue_topology())
    world.broker.publish([Message(b"nonsense", "product.x.y")])
    world.announce(world.make(day_of(DEPTH, 0)))
    consume(world, store)
    assert fates(world) == {"kept": 1}
    assert world.metrics.value(UNREADABLE, queue=CATALOGUE) == 1
    assert world.broker.depth(DEAD).ready == 1


def test_what_is_no_message_is_settled_once_however_often_the_others_are_tried(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.broker.apply(catalogue_topology())
    world.broker.publish([Message(b"nonsense", "product.x.y")])
    world.announce(world.make(day_of(DEPTH, 0)))
    subscription = world.broker.subscribe([CATALOGUE], 100)
    batch = subscription.drain(100)
    catalogue = Catalogue(world.broker, store, world.ledger, world.storage, world.metrics)

    def away(*_: object) -> None:
        raise StorageError("away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "record", away)
        with pytest.raises(StorageError):
            catalogue.handle(subscription, batch)
    catalogue.handle(subscription, batch)
    assert subscription.settled_too_late == 0
    assert world.metrics.value(UNREADABLE, queue=CATALOGUE) == 1
    assert world.broker.depth(DEAD).ready == 1


def broken(world: World, made: Granule, content: str) -> None:
    (item,) = [asset for asset in made.assets if asset.role == "stac"]
    path = Path(item.href)
    path.chmod(0o644)
    path.write_text(content)


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[]",
        "{}",
        '{"type": "Feature", "id": "another.20140201"}',
        "[" * 100_000,
    ],
)
def test_an_item_that_is_none_is_refused_and_the_others_are_kept(world: World, store: Store, content: str) -> None:
    world.broker.apply(catalogue_topology())
    bad, good = world.make(day_of(DEPTH, 0)), world.make(day_of(DEPTH, 1))
    broken(world, bad, content)
    world.announce(bad, good)
    consume(world, store)
    assert fates(world) == {"kept": 1, "refused": 1}
    assert store.item(bad.granule_id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": {"type": "Polygon", "coordinates": "everywhere"}},
        {"geometry": {"type": "Cube", "coordinates": []}},
        {"bbox": [1, 2, 3]},
        {"bbox": [1e400, 0, 1, 1]},
        {"links": [3]},
        {"assets": {"data": "here"}},
        {"id": "another.20140201"},
        {"links": [{"rel": "derived_from", "href": "urn:icestream:a:b", "icestream:step": "first"}]},
        {"links": [{"rel": "derived_from", "href": "urn:icestream:a:b", "icestream:step": 2**40}]},
        {"links": [{"rel": "derived_from", "href": f"urn:icestream:a:{'b' * 201}"}]},
        {"links": [{"rel": "derived_from", "href": "urn:icestream:a:b", "icestream:input": "t\x00b"}]},
        {"bbox": [0, 0, 0, 1, 1]},
        {"properties": {"share": float("nan")}},
        {"properties": {"title": "\ud800"}},
    ],
)
def test_an_item_that_could_not_be_searched_or_served_is_refused(
    world: World, store: Store, change: dict[str, object]
) -> None:
    world.broker.apply(catalogue_topology())
    made = world.make(day_of(DEPTH, 0))
    (item,) = [asset for asset in made.assets if asset.role == "stac"]
    broken(world, made, json.dumps({**json.loads(Path(item.href).read_text()), **change}))
    world.announce(made)
    consume(world, store)
    assert fates(world) == {"refused": 1}


def test_an_announcement_that_points_out_of_the_store_is_refused(world: World, store: Store, tmp_path: Path) -> None:
    world.broker.apply(catalogue_topology())
    outside = tmp_path.parent / "outside.stac.json"
    outside.write_text("{}")
    made = world.make(day_of(DEPTH, 0))
    link = world.root / "store" / "link.json"
    link.symlink_to(outside)
    for href in (str(outside), f"{world.root}/store/../../outside.stac.json", str(link), "s3://bucket/key", "\x00"):
        assets = tuple(asset.model_copy(update={"href": href}) for asset in made.assets if asset.role == "stac")
        world.announce(made.model_copy(update={"assets": assets}))
    consume(world, store)
    assert fates(world) == {"refused": 5}


def test_an_announcement_that_no_table_holds_or_that_names_no_file_is_refused(world: World, store: Store) -> None:
    """None of them is away: to try them again would keep all that comes after them from being kept."""
    world.broker.apply(catalogue_topology())
    made = world.make(day_of(DEPTH, 0))
    (item,) = [asset for asset in made.assets if asset.role == "stac"]
    world.announce(again(made, 2**30), again(made, 2**30, void="polar night", assets=()))
    for href in (f"{world.root}/store", f"{item.href}/beneath", f"{world.root}/store/{'a' * 300}"):
        world.announce(made.model_copy(update={"assets": (item.model_copy(update={"href": href}),)}))
    consume(world, store)
    assert fates(world) == {"refused": 5}
    assert world.broker.depth(CATALOGUE).ready == 0


def test_a_product_that_is_not_in_the_catalogues_queue_is_taken_from_the_ledger(world: World, store: Store) -> None:
    first = world.make(day_of(DEPTH, 0), ["cold-pass-tb.x"])
    second = world.make(day_of(DEPTH, 0), content="again")
    void = world.void(day_of(DEPTH, 1))
    catalogue = Catalogue(world.broker, store, world.ledger, world.storage, world.metrics)
    assert catalogue.catch_up(threading.Event()) == 2
    item = store.item(first.granule_id)
    assert item is not None
    assert (item.standing, item.checksum, item.announced) == (5, second.checksum, second.published_at)
    assert store.void(void.granule_id) == "polar night"
    assert store.records().keys() == {DEPTH, "cold-pass-tb"}
    assert catalogue.catch_up(threading.Event()) == 0
    # The announcement that comes late all the same is the one that was taken.
    world.broker.apply(catalogue_topology())
    world.announce(second)
    consume(world, store)
    assert fates(world)["repeated"] >= 1


@pytest.mark.parametrize("stumbles_at", range(4))
def test_a_catching_up_that_was_cut_short_is_taken_up_where_it_ended(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch, stumbles_at: int
) -> None:
    monkeypatch.setattr("icestream_catalogue.catalogue.CHUNK", 2)
    monkeypatch.setattr("icestream_catalogue.catalogue.OVERLAP", timedelta(0))
    monkeypatch.setattr("icestream_catalogue.store.EXTENTS_SECONDS", -1.0)
    made = [world.make(day_of(DEPTH, number)).granule_id for number in range(4)]
    stumbled: list[str] = []

    def away_once(granule: Granule, storage: Storage) -> Entry:
        if granule.granule_id == made[stumbles_at] and not stumbled:
            stumbled.append(granule.granule_id)
            raise StorageError("away")
        return entry_of(granule, storage)

    monkeypatch.setattr("icestream_catalogue.catalogue.entry_of", away_once)
    catalogue = Catalogue(world.broker, store, world.ledger, world.storage, world.metrics)
    with pytest.raises(StorageError, match="away"):
        catalogue.catch_up(threading.Event())
    catalogue.catch_up(threading.Event())
    assert [granule_id for granule_id in made if store.item(granule_id) is None] == []


def test_a_rebuild_takes_everything_although_another_catalogue_keeps_what_comes_meanwhile(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icestream_catalogue.catalogue.OVERLAP", timedelta(0))
    made = [world.make(day_of(DEPTH, number)) for number in range(3)]
    forget = store.forget

    def forget_while_one_comes() -> None:
        forget()
        store.record([entry_of(made[-1], world.storage)])

    monkeypatch.setattr(store, "forget", forget_while_one_comes)
    catalogue = Catalogue(world.broker, store, world.ledger, world.storage, world.metrics)
    stop = threading.Event()
    monkeypatch.setattr(catalogue, "_consume", threading.Event.set)
    catalogue.run(stop, rebuild=True)
    assert [granule.granule_id for granule in made if store.item(granule.granule_id) is None] == []


def test_the_ledger_is_read_once_also_where_much_was_finalised_in_one_moment(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icestream_catalogue.catalogue.CHUNK", 2)
    made = [world.make(day_of(DEPTH, number)) for number in range(5)]
    moment = world.ledger.clock()
    read: list[int] = []

    def finalised(since: datetime, limit: int) -> list[dict[str, Any]]:
        makes = [make | {"finalised_at": moment} for make in reversed(world.ledger.recent())][:limit]
        read.append(len(makes))
        return makes

    ledger = cast("Ledger", SimpleNamespace(finalised=finalised, records=world.ledger.records))
    assert Catalogue(world.broker, store, ledger, world.storage, world.metrics).catch_up(threading.Event()) == 5
    assert read == [2, 2, 4, 5]
    assert [granule.granule_id for granule in made if store.item(granule.granule_id) is None] == []


def test_a_catalogue_that_runs_keeps_what_comes_and_starts_again_where_it_was(world: World) -> None:
    world.make(day_of(DEPTH, 0))
    search = "/stac/search?collections=snow-depth-china"
    with serving(world) as address:
        until(lambda: get(address + search)["numberReturned"] == 1)
        world.announce(world.make(day_of(DEPTH, 1)))
        until(lambda: get(address + search)["numberReturned"] == 2)
    world.make(day_of(DEPTH, 2))
    with serving(world) as address:
        until(lambda: get(address + search)["numberReturned"] == 3)
    with serving(world, rebuild=True) as address:
        until(lambda: get(address + search)["numberReturned"] == 3)


def test_a_granule_in_the_queue_of_announcements_may_be_any_products(world: World, store: Store) -> None:
    """A third party's product, of which the ledger keeps no record yet."""
    world.broker.apply(catalogue_topology())
    made = world.make(day_of(DEPTH, 0)).model_copy(update={"collection": "stranger"})
    world.broker.publish([Message(encode(made), "product.strange.stranger")])
    consume(world, store)
    assert store.extents()["stranger"].items == 1
