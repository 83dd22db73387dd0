"""The ledger with a million granules: how long one look takes, and how many granules a second it records.

    .venv/bin/python benchmarks/ledger.py [--granules 1000000] [--postgres-url URL]

Without a URL a private PostgreSQL is started, as the tests do.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from icestream_core.granule import Asset, Granule
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.pick import Recorded
from icestream_core.slot import Slot
from icestream_core.task import Task, TaskInput, inputs_hash
from icestream_core.touch import Query, Touch
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.contract import Change, SlotRow
from icestream_runtime.ledger.schema import granule, span

DAY = timedelta(days=1)
FIRST = datetime(1988, 1, 1, tzinfo=UTC)
PARTS = [f"{frequency}{polarisation}-{way}" for frequency in (19, 22, 37, 85) for polarisation in "hv" for way in "ad"]
TILES = [f"h{column:02}v{line:02}" for column in range(20, 30) for line in range(2, 7)]
BRIGHTNESS_DAYS = 12_000
LOOKS = 300
BATCH = 100


def run(granules: int = 1_000_000, postgres_url: str | None = None) -> dict[str, dict[str, float]]:
    """Measure both databases; returns figures by database: milliseconds, and granules or slots a second."""
    with tempfile.TemporaryDirectory() as directory, _postgresql(postgres_url) as url:
        return {
            "sqlite": _measure(f"sqlite:///{directory}/ledger.db", granules),
            "postgresql": _measure(url, granules),
        }


def _measure(url: str, granules: int) -> dict[str, float]:
    ledger = open_ledger(url, migrate=True)
    try:
        _fill(url, granules)
        days = (granules - BRIGHTNESS_DAYS * len(PARTS)) // len(TILES)
        chance = random.Random(1)
        brightness = [_slot("depth", chance.randrange(10, BRIGHTNESS_DAYS - 10)) for _ in range(LOOKS)]
        tiles = [_slot("cover", chance.randrange(10, days - 10), chance.choice(TILES)) for _ in range(LOOKS)]
        return {
            **_look(ledger, "look of a week of 4 channels and an ancillary", brightness, _week),
            **_look(ledger, "look of five days of one tile", tiles, _five_days),
            **_stream(ledger, days),
        }
    finally:
        ledger.close()


def _look(
    ledger: Ledger, name: str, slots: Sequence[Slot], queries: Callable[[Slot], dict[str, Query]]
) -> dict[str, float]:
    ledger.slots_touched([Touch(each.product, each.interval, each.tile, each.variant, opens=True) for each in slots])
    seconds, offered = [], []

    def decide(_row: SlotRow, found: Mapping[str, Sequence[Recorded]], now: datetime) -> Change:
        offered.append(sum(map(len, found.values())))
        return Change(state="waiting", due_at=now + DAY)

    for each in slots:
        begin = time.perf_counter()
        ledger.look([each], queries, decide)
        seconds.append(time.perf_counter() - begin)
    one = sorted(seconds)
    begin = time.perf_counter()
    ledger.look(slots[:BATCH], queries, decide)
    batch = time.perf_counter() - begin
    return {
        f"{name}, granules offered": statistics.median(offered),
        f"{name}, p50 ms": 1000 * statistics.median(one),
        f"{name}, p99 ms": 1000 * one[int(0.99 * len(one))],
        f"{name}, in batches of {BATCH}, ms each": 1000 * batch / BATCH,
    }


def _stream(ledger: Ledger, days: int) -> dict[str, float]:
    """Take granules through everything that the gatherer asks of a ledger, each making one slot of its own."""
    names = [
        Granule.model_validate(_fields(_tile(days + 1 + number // 50, number % 50))) for number in range(20 * BATCH)
    ]
    recording = whole = 0.0

    def decide(row: SlotRow, found: Mapping[str, Sequence[Recorded]], now: datetime) -> Change:
        inputs = {"cover": tuple(TaskInput(granule=entry.granule) for entry in found["cover"])}
        task = Task(
            slot=row.slot,
            version="1.0.0",
            token="0" * 32,
            inputs_hash=inputs_hash(inputs, {}),
            inputs=inputs,
            created_at=now,
        )
        return Change(state="tasked", task=task) if row.made is None else Change(state="made")

    def same_day(slot: Slot) -> dict[str, Query]:
        return {"cover": Query(("cover",), slot.start, slot.end, slot.tile, None, ())}

    for first in range(0, len(names), BATCH):
        batch = names[first : first + BATCH]
        begin = time.perf_counter()
        ledger.record_granules(batch)
        recording += time.perf_counter() - begin
        touches = [
            Touch(
                "cover-daily",
                _slot("cover-daily", round((each.start - FIRST) / DAY)).interval,
                each.tile,
                "",
                opens=True,
            )
            for each in batch
        ]
        slots = ledger.slots_touched(touches)
        tasks = ledger.look(slots, same_day, decide)
        ledger.task_published(tasks)
        ledger.finalise([_made(task) for task in tasks], 5, lambda _: 0.0)
        ledger.announced(ledger.to_announce(slots))
        ledger.look(slots, same_day, decide)
        whole += time.perf_counter() - begin
    return {"recorded, granules/s": len(names) / recording, "granule to announced, granules/s": len(names) / whole}


def _made(task: Task) -> Outcome:
    file = ManifestFile(
        name="a.nc", role="data", media_type="application/x-netcdf", size=1, checksum=f"sha256:{task.inputs_hash}"
    )
    return Outcome(
        slot=task.slot,
        version=task.version,
        token=task.token,
        inputs_hash=task.inputs_hash,
        status="made",
        manifest=Manifest(href=f"file:///store/{task.inputs_hash}", files=(file,)),
        finished_at=task.created_at,
    )


def _slot(product: str, day: int, tile: str = "") -> Slot:
    start = FIRST + day * DAY
    return Slot(product=product, period=f"{start:%Y%m%d}", start=start, end=start + DAY, tile=tile)


def _week(slot: Slot) -> dict[str, Query]:
    parts = ("19h-d", "19v-d", "37h-d", "37v-d")
    return {
        "tb": Query(("brightness",), slot.start - 3 * DAY, slot.end + 3 * DAY, None, None, parts),
        "forest": Query(("forest", "forest-coarse"), slot.start, slot.end, None, None, ()),
    }


def _five_days(slot: Slot) -> dict[str, Query]:
    return {"cover": Query(("cover",), slot.start - 2 * DAY, slot.end + 2 * DAY, slot.tile, None, ())}


def _fill(url: str, granules: int) -> None:
    """Write rows as the ledger would, without asking it a million times."""
    engine = create_engine(url)
    rows: list[dict[str, Any]] = []
    with engine.begin() as connection:
        for fields in _given(granules):
            rows.append(_row(fields))
            if len(rows) == 10_000:
                connection.execute(granule.insert(), rows)
                rows = []
        if rows:
            connection.execute(granule.insert(), rows)
    if engine.dialect.name == "postgresql":
        # What autovacuum and the checkpointer would do in the next minutes is done now, and not while we measure.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
            connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _given(granules: int) -> Iterator[dict[str, Any]]:
    yield _granule_fields("forest", "forest.v1", FIRST - 3650 * DAY, 40_000 * DAY)
    for day in range(BRIGHTNESS_DAYS):
        for part in PARTS:
            yield _granule_fields("brightness", f"tb.{day}.{part}", FIRST + day * DAY, DAY, part=part)
    for number in range(granules - BRIGHTNESS_DAYS * len(PARTS) - 1):
        yield _tile(number // len(TILES), number % len(TILES))


def _tile(day: int, tile: int) -> dict[str, Any]:
    return _granule_fields("cover", f"cover.{day}.{TILES[tile]}", FIRST + day * DAY, DAY, tile=TILES[tile])


def _granule_fields(collection: str, name: str, start: datetime, length: timedelta, **given: str) -> dict[str, Any]:
    return {"collection": collection, "granule_id": name, "start": start, "end": start + length, **given}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    checksum = f"sha256:{abs(hash(fields['granule_id'])):064x}"
    asset = Asset(
        href=f"file:///data/{fields['collection']}/{fields['granule_id']}.hdf", size=1_000_000, checksum=checksum
    )
    times = {"published_at": fields["start"], "received_at": fields["start"]}
    return {"checksum": checksum, "sensor": "modis", "platform": "terra", "assets": (asset,), **times, **fields}


def _row(fields: Mapping[str, Any]) -> dict[str, Any]:
    checksum = f"sha256:{abs(hash(fields['granule_id'])):064x}"
    href = f"file:///data/{fields['collection']}/{fields['granule_id']}.hdf"
    body = {
        "granule_id": fields["granule_id"],
        "checksum": checksum,
        "collection": fields["collection"],
        "sensor": "modis",
        "platform": "terra",
        "tile": fields.get("tile", ""),
        "part": fields.get("part", ""),
        "start": fields["start"].isoformat(),
        "end": fields["end"].isoformat(),
        "assets": [{"href": href, "size": 1_000_000, "checksum": checksum}],
        "published_at": fields["start"].isoformat(),
        "received_at": fields["start"].isoformat(),
    }
    return {
        "granule_id": fields["granule_id"],
        "checksum": checksum,
        "collection": fields["collection"],
        "tile": body["tile"],
        "variant": "",
        "part": body["part"],
        "void": False,
        "start_at": fields["start"],
        "end_at": fields["end"],
        "span": span(fields["start"], fields["end"]),
        "revision": 0,
        "stage": "final",
        "recorded_at": fields["start"],
        "quarantine": "",
        "body": json.dumps(body),
    }


@contextlib.contextmanager
def _postgresql(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from parts.postgresql import PrivatePostgreSQL

    server = PrivatePostgreSQL()
    server.start()
    try:
        with server.database() as url:
            yield url
    finally:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--granules", type=int, default=1_000_000)
    parser.add_argument("--postgres-url")
    given = parser.parse_args()
    for database, figures in run(given.granules, given.postgres_url).items():
        print(database)
        for what, figure in figures.items():
            print(f"  {what:<70} {figure:10,.2f}")
