"""A ledger that is lost comes back from its backup: what came since is recorded again, and nothing is doubled."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from parts.postgresql import PrivatePostgreSQL, find_postgresql
from parts.stream import Stream, stream

START = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE, AFTER = range(10), range(10, 20)


def drop(running: Stream, numbers: range) -> None:
    for number in numbers:
        path = running.watched / f"count_{START + timedelta(minutes=number):%Y%m%dT%H%M%S}_s0.txt"
        partial = path.with_name(f".{path.name}.part")
        partial.write_text(str(number))
        partial.rename(path)


def start(running: Stream) -> None:
    running.start("gatherer", "gatherer")
    running.start("worker", "worker", "--product", "tally-square")
    running.start("watcher", "watch", str(running.watched))
    running.wait_until_ready()


def squares(running: Stream, least: int) -> dict[str, tuple[str, int]]:
    rows = running.wait_until_quiet(90, quiet_seconds=2, least_made=least)
    return {row.slot.key: (row.state, row.revision) for row in rows if row.slot.product == "tally-square"}


def dump_postgresql(url: str, to: Path) -> None:
    """As docs/operations.md says it: pg_dump of the running database."""
    home = find_postgresql()
    assert home
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run([str(home / "pg_dump"), "--format=custom", f"--file={to}", plain], check=True, timeout=60)


def restore_postgresql(dump: Path, url: str) -> None:
    home = find_postgresql()
    assert home
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(home / "pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={plain}", str(dump)]
    subprocess.run(command, check=True, timeout=60)


def back_up_sqlite(url: str, to: Path) -> None:
    """What `.backup` of the command sqlite3 does: a copy of one moment, while others write."""
    with closing(sqlite3.connect(str(make_url(url).database))) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_after_a_restore_nothing_is_lost_or_doubled(
    tmp_path: Path, amqp_url: str, postgres_url: str, private_postgresql: PrivatePostgreSQL, kind: str
) -> None:
    first = postgres_url if kind == "postgresql" else f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    copy = tmp_path / "backup"
    with stream(tmp_path / "one", amqp_url, first, tally=True, plugins="tally", stable_seconds=0.2) as running:
        start(running)
        drop(running, BEFORE)
        assert len(squares(running, len(BEFORE))) == len(BEFORE)
        (dump_postgresql if kind == "postgresql" else back_up_sqlite)(first, copy)
        drop(running, AFTER)
        known = squares(running, len(BEFORE) + len(AFTER))
        assert set(known.values()) == {("made", 1)}
        assert set(running.stop().values()) == {0}
        stored = set((running.out / "store").rglob("manifest.json"))

    with private_postgresql.database() as empty:
        second = empty if kind == "postgresql" else f"sqlite:///{copy}"
        if kind == "postgresql":
            restore_postgresql(copy, second)
        with stream(tmp_path / "one", amqp_url, second, tally=True, plugins="tally", stable_seconds=0.2) as running:
            assert len(running.rows()) >= len(BEFORE)
            start(running)
            assert squares(running, len(BEFORE) + len(AFTER)) == known
            # What was made since the backup lies in the store, and is adopted: no directory came, none went.
            assert set((running.out / "store").rglob("manifest.json")) == stored
            assert set(running.stop().values()) == {0}
