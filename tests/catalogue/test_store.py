"""The store keeps its promises on SQLite and on PostgreSQL: one current item a slot, whatever comes in what order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from catalogue.world import CHINA, FIRST, World, again, day_of, kept
from icestream_catalogue import lineage
from icestream_catalogue.schema import metadata
from icestream_catalogue.search import Query, box_of
from icestream_catalogue.store import Store, open_store
from icestream_core.errors import LedgerError
from icestream_runtime.ledger import open_ledger

DEPTH = "snow-depth-china"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/catalogue.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with ExitStack() as closing:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('store')}/catalogue.db"
        else:
            server = request.getfixturevalue("private_postgresql")
            url = closing.enter_context(server.database())
        store = open_store(url)
        closing.callback(store.close)
        yield store


@pytest.fixture
def store(opened: Store) -> Store:
    """A store without items."""
    opened.forget()
    return opened


def found(store: Store, **query: object) -> list[str]:
    return [each.id for each in store.search(Query(**query)).items]  # type: ignore[arg-type]


def test_migrations_lead_to_the_tables_of_the_schema_and_leave_the_ledgers_alone(url: str) -> None:
    open_ledger(url, migrate=True).close()
    open_store(url).close()
    open_store(url).close()
    engine = create_engine(url)
    ours = {"include_name": lambda name, kind, _: kind != "table" or name.startswith("catalogue_")}
    with engine.connect() as connection:
        options = {"version_table": "catalogue_alembic_version", **ours}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()
    open_ledger(url).close()


def test_a_catalogue_of_a_newer_icestream_is_not_touched(url: str) -> None:
    open_store(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE catalogue_alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerError, match=r"the catalogue at .*version 9999.*Install a newer icestream"):
        open_store(url)


def test_whatever_order_the_revisions_come_in_the_highest_is_served(world: World, store: Store) -> None:
    slot = day_of(DEPTH, 0)
    first = world.make(slot, content="first")
    second = again(world.make(slot, content="second"), 2, "provisional")
    final = again(second, 2, "final")
    entries = [world.entry(each) for each in (again(first, 1), second, final)]
    for order in itertools.permutations(entries):
        store.forget()
        for entry in order:
            kept(store, entry)
        item = store.item(slot.key)
        assert item is not None
        assert (item.standing, item.directory) == (5, entries[2].directory)
        assert kept(store, *order) == ["repeated" if entry is entries[2] else "older" for entry in order]


def test_one_batch_may_hold_several_revisions_of_a_slot(world: World, store: Store) -> None:
    first = world.make(day_of(DEPTH, 0))
    entries = [world.entry(again(first, revision)) for revision in (3, 1, 2)]
    assert kept(store, *entries) == ["kept", "kept", "kept"]
    item = store.item(first.granule_id)
    assert item is not None
    assert item.standing == 7


def test_a_void_revision_takes_the_item_away_and_an_older_one_does_not_bring_it_back(
    world: World, store: Store
) -> None:
    made = world.make(day_of(DEPTH, 0), ["nsidc-0032.a"])
    void = again(made, 2, void="polar night", assets=())
    assert kept(store, world.entry(made)) == ["kept"]
    assert kept(store, world.entry(void)) == ["void"]
    assert store.item(made.granule_id) is None
    assert store.void(made.granule_id) == "polar night"
    assert found(store) == []
    assert store.extents() == {}
    assert store.lineage("nsidc-0032.a", 1, 1, 100).edges == []
    assert kept(store, world.entry(made)) == ["older"]
    assert kept(store, world.entry(again(made, 3))) == ["kept"]
    assert found(store) == [made.granule_id]


def test_searches_find_by_time_by_area_by_product_and_by_id(world: World, store: Store) -> None:
    days = [world.entry(world.make(day_of(DEPTH, number))) for number in range(4)]
    arctic = (-180.0, 60.0, 180.0, 90.0)
    cold = world.entry(world.make(day_of("cold-pass-tb", 1, tile="nl", variant="cold"), bbox=arctic))
    kept(store, *days, cold)
    ids = [entry.id for entry in reversed(days)]
    assert found(store, products=[DEPTH]) == ids
    assert found(store, products=["none"]) == []
    assert found(store, ids=[ids[0], cold.id, "nothing"]) == [ids[0], cold.id]
    assert found(store, area=box_of([100, 30, 101, 31])) == ids
    assert found(store, area=box_of([100, 70, 101, 71])) == [cold.id]
    assert found(store, start=FIRST + timedelta(days=3)) == ids[:1]
    assert found(store, end=FIRST) == [ids[-1]]
    assert found(store, start=FIRST + timedelta(hours=6), end=FIRST + timedelta(hours=7)) == [ids[-1]]
    assert found(store, products=[DEPTH], start=FIRST + timedelta(days=1), end=FIRST + timedelta(days=1, hours=1)) == [
        ids[-2]
    ]
    assert store.search(Query(products=[DEPTH])).matched == 4


def test_pages_follow_each_other_without_gap_or_double(world: World, store: Store) -> None:
    made = [world.entry(world.make(day_of(DEPTH, number // 2, variant="ab"[number % 2]))) for number in range(7)]
    kept(store, *made)
    for area in (None, box_of(CHINA)):
        seen: list[str] = []
        page = store.search(Query(limit=2, area=area))
        while True:
            seen += [each.id for each in page.items]
            if page.after is None:
                break
            page = store.search(Query(limit=2, area=area, after=page.after))
        assert sorted(seen) == sorted(entry.id for entry in made)
        assert len(seen) == 7


def test_what_crosses_the_antimeridian_is_found_from_both_sides(world: World, store: Store) -> None:
    halves = shapely.union_all([shapely.box(170, 60, 180, 70), shapely.box(-180, 60, -170, 70)])
    shape = shapely.geometry.mapping(halves)
    across = world.entry(world.make(day_of(DEPTH, 0), bbox=(170.0, 60.0, -170.0, 70.0), geometry=shape))
    kept(store, across)
    assert across.bbox == (170.0, 60.0, 190.0, 70.0)
    for bbox in ([175, 61, 176, 62], [-176, 61, -175, 62], [175, 61, -175, 62], [-180, -90, 180, 90]):
        assert found(store, area=box_of(bbox)) == [across.id], bbox
    for bbox in ([0, 61, 10, 62], [-160, 61, 160, 62], [175, 10, -175, 20]):
        assert found(store, area=box_of(bbox)) == [], bbox
    assert store.extents()[DEPTH].bbox == (-180.0, 60.0, 180.0, 70.0)


def test_the_outline_counts_and_not_its_box(world: World, store: Store) -> None:
    triangle = shapely.Polygon([(0, 60), (40, 60), (0, 80)])
    entry = world.entry(world.make(day_of(DEPTH, 0), bbox=triangle.bounds, geometry=shapely.geometry.mapping(triangle)))
    kept(store, entry)
    assert found(store, area=box_of([1, 61, 2, 62])) == [entry.id]
    assert found(store, area=box_of([38, 78, 39, 79])) == []


def test_lineage_goes_back_to_granules_and_forward_to_what_was_made(world: World, store: Store) -> None:
    cold = [world.make(day_of("cold-pass-tb", number), [f"nsidc-0032.{number}"]) for number in range(3)]
    depth = world.make(day_of(DEPTH, 1), [each.granule_id for each in cold])
    kept(store, *(world.entry(each) for each in (*cold, depth)))
    back = store.lineage(depth.granule_id, 4, 4, 100)
    levels = {node.id: node.level for node in back.nodes}
    assert levels == {
        depth.granule_id: 0,
        **{each.granule_id: -1 for each in cold},
        **{f"nsidc-0032.{number}": -2 for number in range(3)},
    }
    assert len(back.edges) == 6
    forward = store.lineage("nsidc-0032.1", 4, 4, 100)
    assert [(node.id, node.level, node.kind) for node in forward.nodes] == [
        ("nsidc-0032.1", 0, "granule"),
        (cold[1].granule_id, 1, "item"),
        (depth.granule_id, 2, "item"),
    ]
    short = store.lineage(depth.granule_id, 4, 4, 5)
    assert len(short.nodes) == 5
    assert short.left_out == 2


def test_lineage_tells_how_many_it_left_out_each_once_and_reads_no_more_than_it_may(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    granules = [f"nsidc-0032.{number}" for number in range(3)]
    cold = [world.make(day_of("cold-pass-tb", number), granules) for number in range(5)]
    depth = world.make(day_of(DEPTH, 0), [each.granule_id for each in cold[:2]])
    kept(store, *(world.entry(each) for each in (*cold, depth)))
    short = store.lineage(depth.granule_id, 4, 4, 4)
    assert ([node.level for node in short.nodes], short.left_out) == ([0, -1, -1, -2], 2)
    monkeypatch.setattr(lineage, "READ", 3)
    much = store.lineage(granules[0], 0, 1, 100)
    assert [node.id for node in much.nodes] == [granules[0], *(each.granule_id for each in cold[:3])]
    assert (len(much.edges), much.left_out) == (3, 2)


def test_a_name_with_a_zero_byte_is_not_there(store: Store) -> None:
    name = "snow\x00depth"
    assert (store.item(name), store.void(name), store.latest(name), store.latencies(name)) == (None, "", None, [])
    assert found(store, ids=[name]) == found(store, products=[name]) == []
    assert store.lineage(name, 1, 1, 100).edges == []


def test_changes_are_told_since_a_moment(world: World, store: Store) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    first = world.entry(world.make(day_of(DEPTH, 0)))
    kept(store, first)
    (change,) = store.changes(before)
    assert (change.id, change.standing, change.void) == (first.id, first.standing, "")
    assert store.changes(change.changed) == []
