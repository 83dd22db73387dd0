"""The catalogue with a hundred thousand items: how long a search takes, and how many items a second it keeps.

    .venv/bin/python benchmarks/catalogue.py [--items 100000] [--postgres-url URL]

Without a URL a private PostgreSQL is started, as the tests do. Searches are what people ask: a product, a month and
an area, a page of ten or a hundred. `search` is the store alone; `answer` is a whole answer, as JSON with its links.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, text

from icestream_catalogue import stac
from icestream_catalogue.entry import Entry, Source, unwrapped
from icestream_catalogue.schema import item, source
from icestream_catalogue.search import Query, box_of
from icestream_catalogue.store import Store, open_store, row_of

DAY = timedelta(days=1)
FIRST = datetime(1990, 1, 1, tzinfo=UTC)
SEARCHES = 300
CHUNK = 1000
BATCH = 100
KEPT = 2000
"""So many are kept as the catalogue keeps them, and timed."""
PRODUCTS = [f"product-{number:02}" for number in range(20)]
"""Ten daily ones of one area, and ten in tiles."""
TILES = [(lon, lat) for lat in (30, 40, 50, 60, 70) for lon in range(-180, 180, 20)]
AREAS = (
    (60.0, 15.0, 140.0, 55.0),
    (-180.0, 30.0, 180.0, 90.0),
    (160.0, 50.0, -140.0, 75.0),
    (-75.0, 59.0, -10.0, 84.0),
)
INPUTS = 8


def run(items: int = 100_000, postgres_url: str | None = None) -> dict[str, dict[str, float]]:
    """Measure both databases; returns figures by database: milliseconds, and items a second."""
    with tempfile.TemporaryDirectory() as directory, _postgresql(postgres_url) as url:
        return {"postgresql": _measure(url, items), "sqlite": _measure(f"sqlite:///{directory}/catalogue.db", items)}


def _measure(url: str, items: int) -> dict[str, float]:
    store = open_store(url)
    try:
        _fill(url, items - KEPT)
        began = time.perf_counter()
        for begin in range(items - KEPT, items, BATCH):
            store.record([_entry(number) for number in range(begin, begin + BATCH)])
        rate = KEPT / (time.perf_counter() - began)
        _analyse(url)
        return {"items kept a second": rate, **_searches(store, items)}
    finally:
        store.close()


def _fill(url: str, items: int) -> None:
    """Put items into the tables, by the thousand: what the store does one by one would take minutes."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for begin in range(0, items, CHUNK):
            entries = [_entry(number) for number in range(begin, min(begin + CHUNK, items))]
            connection.execute(insert(item), [row_of(each) | {"changed_at": each.announced} for each in entries])
            sources = [{"item_id": each.id, **one._asdict()} for each in entries for one in each.sources]
            connection.execute(insert(source), sources)
    engine.dispose()


def _searches(store: Store, items: int) -> dict[str, float]:
    chance = random.Random(1)
    last = FIRST + (items // len(PRODUCTS)) * DAY

    def asked(limit: int, *, product: bool = True, month: bool = True) -> Query:
        start = FIRST + chance.random() * (last - FIRST - 30 * DAY)
        west, south = chance.uniform(-180, 170), chance.uniform(-60, 75)
        east = west + 20 if west + 20 <= 180 else west - 340
        return Query(
            products=[chance.choice(PRODUCTS)] if product else (),
            start=start if month else None,
            end=start + 30 * DAY if month else None,
            area=box_of((west, south, east, south + 12)),
            limit=limit,
        )

    at = stac.Addresses("https://catalogue.example.org")
    cases: dict[str, Callable[[], object]] = {
        "search by area, month and product, ten": lambda: store.search(asked(10)),
        "search by area, month and product, a hundred": lambda: store.search(asked(100)),
        "answer by area, month and product, a hundred": lambda: _answer(at, store, asked(100)),
        "search by area and month, ten": lambda: store.search(asked(10, product=False)),
        "search by area, ten": lambda: store.search(asked(10, product=False, month=False)),
        "the latest ten of a product": lambda: store.search(Query(products=[chance.choice(PRODUCTS)])),
    }
    return {f"{name}, {figure}": value for name, ask in cases.items() for figure, value in _timed(ask).items()}


def _answer(at: stac.Addresses, store: Store, query: Query) -> str:
    page = store.search(query)
    return json.dumps(stac.item_collection([stac.item(at, found) for found in page.items], [], page.matched))


def _timed(ask: Callable[[], object]) -> dict[str, float]:
    for _ in range(10):
        ask()
    took: list[float] = []
    for _ in range(SEARCHES):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return {"p50 ms": statistics.median(took), "p95 ms": statistics.quantiles(took, n=20)[-1]}


def _entry(number: int) -> Entry:
    """Return an item as the stream makes them: a few files, eight inputs, some 6 kB."""
    kind, count = number % len(PRODUCTS), number // len(PRODUCTS)
    product = PRODUCTS[kind]
    tiled = kind >= len(PRODUCTS) // 2
    start = FIRST + count * DAY
    if tiled:
        lon, lat = TILES[count % len(TILES)]
        bbox: Sequence[float] = (lon, lat, lon + 20, lat + 10)
    else:
        bbox = AREAS[kind % len(AREAS)]
    key = f"{product}.{start:%Y%m%d}" + (f".t{count % len(TILES):03}" if tiled else "")
    sources = tuple(
        Source(f"in{each}", f"granule.{number}.{each}", "tb", f"sha256:{each:064}", 0) for each in range(INPUTS)
    )
    return Entry(
        id=key,
        product=product,
        standing=3,
        void="",
        checksum=f"sha256:{number:064}",
        backfill=False,
        start=start,
        end=start + DAY,
        announced=start + 2 * DAY,
        bbox=unwrapped(list(bbox)),
        directory=f"store/{product}/{start:%Y}/{start:%Y%m%d}/{number:024}",
        body=_body(key, product, start, bbox, sources),
        sources=sources,
    )


def _body(key: str, product: str, start: datetime, bbox: Sequence[float], sources: Sequence[Source]) -> dict[str, Any]:
    when = start.isoformat().replace("+00:00", "Z")
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": key,
        "geometry": json.loads(_shape(tuple(bbox))),
        "bbox": list(bbox),
        "properties": {
            "datetime": when,
            "start_datetime": when,
            "end_datetime": (start + DAY).isoformat().replace("+00:00", "Z"),
            "title": f"A product of the benchmark, {product}",
            "description": "What is said of a product in some lines. " * 6,
            "processing:lineage": "What had to be designed, and how it was made. " * 8,
            "processing:software": {f"library-{number}": "1.2.3" for number in range(12)},
        },
        "assets": {
            name: {"href": f"./{key}.{name}", "type": "application/octet-stream", "roles": ["data"],
                   "file:size": 123456, "file:checksum": "1220" + "0" * 64, "description": "A file of it. " * 12}
            for name in ("nc", "txt", "tif", "png")
        },
        "links": [
            {"rel": "derived_from", "href": f"urn:icestream:tb:{each.granule_id}", "title": each.granule_id,
             "icestream:input": each.input, "icestream:checksum": each.checksum, "icestream:step": 0}
            for each in sources
        ],
    }  # fmt: skip


def _shape(bbox: tuple[float, ...]) -> str:
    import shapely

    return str(shapely.to_geojson(box_of(bbox)))


def _analyse(url: str) -> None:
    """Do what PostgreSQL's autovacuum does within a minute; nobody does it for SQLite."""
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


@contextlib.contextmanager
def _postgresql(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from parts.postgresql import PrivatePostgreSQL

    server = PrivatePostgreSQL()
    server.start()
    try:
        with server.database() as made:
            yield made
    finally:
        server.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--postgres-url")
    given = parser.parse_args()
    print(json.dumps(run(given.items, given.postgres_url), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
