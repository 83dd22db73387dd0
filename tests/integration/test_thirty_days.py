"""Thirty days through the whole stream: every slot has one current result, and nothing was made twice."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from icestream_core import naming
from icestream_runtime.ledger.contract import SlotRow
from parts.stream import Stream, stream
from parts.thirty_days import DELIVERIES, ThirtyDays, thirty_days

PRODUCTS = (
    "cold-pass-tb",
    "snow-depth-china",
    "snow-cover-hma",
    "snow-cover-probability",
    "snow-depth-tibet-005",
)
MINUTES = 60.0


@pytest.fixture(scope="session")
def this_month(tmp_path_factory: pytest.TempPathFactory) -> ThirtyDays:
    """Thirty days that end yesterday: the last of them are still waited for, the first are closed long ago."""
    first = datetime.now(UTC).date() - timedelta(days=30)
    return thirty_days(tmp_path_factory, f"month-of-{first}", first, "amsr2-l3-tb")


@pytest.fixture(scope="session")
def january_1998(tmp_path_factory: pytest.TempPathFactory) -> ThirtyDays:
    return thirty_days(tmp_path_factory, "month-of-1998-01-01", date(1998, 1, 1), "nsidc-0032")


def start_services(running: Stream, *watch: str) -> None:
    """Two gatherers, two workers that make every product, one watcher."""
    for number in (1, 2):
        running.start(f"gatherer-{number}", "gatherer")
        products = [word for name in PRODUCTS for word in ("--product", name)]
        running.start(f"worker-{number}", "worker", *products)
    running.start("watcher", "watch", *watch, str(running.watched))
    running.wait_until_ready()


def drop_all(running: Stream, days: ThirtyDays, seed: int, seconds: float) -> None:
    """Let everything land within some seconds, and the correction among it once its first version has landed."""
    landed = {path.name for path in running.watched.iterdir()}
    pause = seconds / 700
    corrected = False
    for number, path in enumerate(days.drop(running.watched, seed)):
        landed.add(path.name)
        if number % 10 == 0:
            time.sleep(10 * pause)
        if not corrected and days.corrected.name in landed and number > 500:
            time.sleep(4)
            days.correct(running.watched)
            corrected = True
    if not corrected:
        time.sleep(4)
        days.correct(running.watched)


def check(running: Stream, days: ThirtyDays, rows: list[SlotRow]) -> dict[str, SlotRow]:
    """Hold what the stream made against what it must have made; returns the slots by key."""
    by_key = {row.slot.key: row for row in rows}
    wanted = days.slots()
    for product, keys in wanted.items():
        found = {row.slot.key for row in rows if row.slot.product == product and row.revision > 0}
        assert found == keys, f"{product}: missing {sorted(keys - found)[:5]}, unasked {sorted(found - keys)[:5]}"
    assert Counter(row.state for row in rows) == {"made": sum(map(len, wanted.values()))}
    assert not running.ledger.letters()
    assert not running.ledger.granules(quarantined=True)

    made = Counter(
        (line["slot"], line["inputs_hash"]) for line in running.log("product made") if not line.get("adopted")
    )
    for row in rows:
        history = running.ledger.history(row.slot)
        hashes = [make["inputs_hash"] for make in history]
        assert len(set(hashes)) == len(hashes), f"{row.slot.key} has one input set twice"
        assert all(make["outcome"] == "made" for make in history)
        assert row.made is not None
        assert (running.out / naming.store_path(row.slot, row.made.inputs_hash) / "manifest.json").exists()
    answered = [line for line in running.log("slot answered") if line["product"] in wanted]
    computed = [line for line in answered if line["status"] == "made" and not line.get("adopted")]
    distinct = sum(len(running.ledger.history(row.slot)) for row in rows)
    assert len(computed) == distinct, (
        f"{len(computed)} computed for {distinct} distinct input sets; {made.most_common(3)}"
    )

    check_inputs(running, days, by_key)
    for product, count in DELIVERIES.items():
        placed = list((running.out / "datasets" / product).rglob("*.t*"))
        assert len(placed) == count * len(wanted[product]), f"{product}: {len(placed)} delivered files"
    return by_key


def check_inputs(running: Stream, days: ThirtyDays, by_key: dict[str, SlotRow]) -> None:
    """The current revision is made from what is current: the right days, one sensor, the correction."""
    current = {}
    for granule, _ in running.ledger.granules(limit=100_000):
        known = current.get(granule.granule_id)
        if known is None or granule.order > known.order:
            current[granule.granule_id] = granule
    for row in by_key.values():
        assert row.made is not None
        final = row.made.stage == "final"
        for name, granule_id, checksum, step in row.made.entries:
            # A provisional snow depth takes up its neighbours' news when its window closes, not before.
            if not granule_id.startswith("library-") and (final or step == 0):
                assert checksum == current[granule_id].checksum, f"{row.slot.key}: {name} {granule_id} is not current"
        ids = {granule_id for name, granule_id, _, _ in row.made.entries if name in ("tb", "depth")}
        if row.slot.product == "snow-depth-china":
            neighbours = days.neighbours(row.slot.period)
            assert ids == neighbours if final else ids <= neighbours
        if row.slot.product == "snow-depth-tibet-005":
            assert ids == {f"snow-depth-china.{row.slot.period}"}
            names = {name for name, _, _, _ in row.made.entries}
            assert {"probability", "cover"} <= names, f"{row.slot.key} was shared out without snow cover"
        if row.slot.product == "cold-pass-tb":
            assert len(ids) == {"nl": 7, "eq25": 4}[row.slot.tile]
    copies = Counter(
        granule.granule_id for granule, _ in running.ledger.granules(limit=100_000) if not granule.revision
    )
    (corrected,) = (granule_id for granule_id, count in copies.items() if count == 2)
    assert days.corrected.name.startswith(corrected)


# First: while it runs, another process simulates the days that the next one takes as well.
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("rabbitmq-stream")
def test_a_backfill_of_1998_is_no_storm_of_revisions(
    tmp_path: Path, amqp_url: str, postgres_url: str, january_1998: ThirtyDays
) -> None:
    with stream(tmp_path, amqp_url, postgres_url, settle_seconds=12) as running:
        start_services(running, "--backfill")
        drop_all(running, january_1998, seed=3, seconds=20)
        rows = running.wait_until_quiet(
            8 * MINUTES, quiet_seconds=14, least_made=sum(map(len, january_1998.slots().values()))
        )
        by_key = check(running, january_1998, rows)
        assert all(row.made is not None and row.made.stage == "final" for row in by_key.values())
        revisions = Counter(row.revision for row in rows)
        assert max(revisions) <= 3, revisions
        assert sum(row.revision for row in rows) <= 1.7 * len(rows), revisions
        modes = {granule.mode for granule, _ in running.ledger.granules(limit=100_000)}
        assert modes == {"reprocessing"}
        assert set(running.stop().values()) == {0}


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("rabbitmq-stream")
def test_thirty_days_on_rabbitmq_and_postgresql(
    tmp_path: Path, amqp_url: str, postgres_url: str, this_month: ThirtyDays
) -> None:
    with stream(tmp_path, amqp_url, postgres_url) as running:
        start_services(running)
        drop_all(running, this_month, seed=1, seconds=20)
        rows = running.wait_until_quiet(
            8 * MINUTES, quiet_seconds=6, least_made=sum(map(len, this_month.slots().values()))
        )
        by_key = check(running, this_month, rows)
        last, first = this_month.days[-1], this_month.days[0]
        assert (
            by_key[f"snow-depth-china.{last:%Y%m%d}"].made.stage == "provisional"
        )  # three more days may fill its gaps
        assert by_key[f"snow-depth-china.{first:%Y%m%d}"].made.stage == "final"
        assert by_key[f"snow-cover-hma.{this_month.composites[-1]}.h25v05"].made.stage == "provisional"
        assert set(running.stop().values()) == {0}


@pytest.mark.timeout(900)
def test_thirty_days_on_the_memory_broker_and_sqlite(tmp_path: Path, this_month: ThirtyDays) -> None:
    running = Stream(tmp_path, "", f"sqlite:///{tmp_path}/out/ledger.db", concurrency=2, products=",".join(PRODUCTS))
    try:
        running.command("ledger", "migrate")
        running.start("run", "run", "--watch", str(running.watched), "--out", str(running.out))
        drop_all(running, this_month, seed=2, seconds=8)
        rows = running.wait_until_quiet(
            8 * MINUTES, quiet_seconds=6, least_made=sum(map(len, this_month.slots().values()))
        )
        check(running, this_month, rows)
        assert set(running.stop().values()) == {0}
    finally:
        running.close()
