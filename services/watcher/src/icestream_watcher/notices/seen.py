"""What was announced: kept on disk for a while, so that nothing is announced twice, and duplicates are told apart.

A granule is claimed before it is announced and confirmed after. Who dies in between has its notice delivered again,
and the same granule may be claimed again; another content under the claimed name may not pass by meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from icestream_core.errors import StorageError
from icestream_core.granule import Granule

Policy = Literal["version", "replace", "skip", "error"]
"""What becomes of other content under a known name.

version : both are kept, and that which its producer published last holds
replace : what came last holds
skip : what came first holds, the other is left out
error : what came first holds, the other is refused and kept as a letter
"""
POLICIES: Final[tuple[Policy, ...]] = ("version", "replace", "skip", "error")

Verdict = Literal["new", "replaces", "duplicate", "skipped", "refused"]

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS notice (identity TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS granule (
    collection TEXT NOT NULL, granule_id TEXT NOT NULL, checksum TEXT NOT NULL, at REAL NOT NULL,
    confirmed INTEGER NOT NULL, PRIMARY KEY (collection, granule_id, checksum)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS content ON granule (collection, checksum);
"""
BUSY_SECONDS: Final = 30.0
FORGET_SECONDS: Final = 300.0
"""Between looks for what is too old."""


class Seen:
    """Safe to use from several threads, and from several processes of one machine; raises StorageError."""

    def __init__(self, path: Path | str, keep_seconds: float, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file; what is older than `keep_seconds` counts as never seen.

        path : ":memory:" forgets everything at the end
        """
        self._keep, self._clock, self._lock = keep_seconds, clock, threading.Lock()
        self._forget_at = 0.0
        self._path = path
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{path} cannot be used: {error}") from error

    def knows(self, identities: Sequence[str]) -> bool:
        """Whether a notice of one of these identities was seen through to its end."""
        with self._transaction() as database:
            return any(
                database.execute(
                    "SELECT 1 FROM notice WHERE identity = ? AND at > ?", (identity, self._since())
                ).fetchone()
                for identity in identities
                if identity
            )

    def claim(self, granule: Granule, policy: Policy, by_content: bool = False) -> Verdict:
        """Return what becomes of a granule, and take note of it where it is to be announced.

        duplicate : it was announced already; skipped : the policy leaves it out
        by_content : the same content under another name is a duplicate too
        """
        key = (granule.collection, granule.granule_id)
        with self._transaction() as database:
            rows = database.execute(
                "SELECT granule_id, checksum, confirmed FROM granule"
                " WHERE collection = ? AND (granule_id = ? OR checksum = ?) AND at > ?",
                (*key, granule.checksum, self._since()),
            ).fetchall()
            for granule_id, checksum, confirmed in rows:
                if (granule_id, checksum) == (granule.granule_id, granule.checksum) and confirmed:
                    return "duplicate"
            if by_content and any(
                checksum == granule.checksum and name != granule.granule_id for name, checksum, _ in rows
            ):
                return "duplicate"
            others = [each for each in rows if each[0] == granule.granule_id and each[1] != granule.checksum]
            if others and policy in ("skip", "error"):
                return "skipped" if policy == "skip" else "refused"
            database.execute(
                "INSERT OR REPLACE INTO granule VALUES (?, ?, ?, ?, 0)", (*key, granule.checksum, self._clock())
            )
            return "replaces" if others and policy == "replace" else "new"

    def confirm(self, granules: Sequence[Granule], identities: Sequence[str]) -> None:
        """Take note that granules are announced, and that the notices of these identities are done with."""
        now = self._clock()
        with self._transaction() as database:
            database.executemany(
                "UPDATE granule SET confirmed = 1, at = ? WHERE collection = ? AND granule_id = ? AND checksum = ?",
                [(now, each.collection, each.granule_id, each.checksum) for each in granules],
            )
            database.executemany(
                "INSERT OR REPLACE INTO notice VALUES (?, ?)", [(each, now) for each in identities if each]
            )
            if now >= self._forget_at:
                database.execute("DELETE FROM notice WHERE at <= ?", (self._since(),))
                database.execute("DELETE FROM granule WHERE at <= ?", (self._since(),))
                self._forget_at = now + FORGET_SECONDS

    def abandon(self, granule: Granule) -> None:
        """Give a claim back: the granule was not announced, because nobody wants it yet."""
        with self._transaction() as database:
            database.execute(
                "DELETE FROM granule WHERE collection = ? AND granule_id = ? AND checksum = ? AND confirmed = 0",
                (granule.collection, granule.granule_id, granule.checksum),
            )

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _since(self) -> float:
        return self._clock() - self._keep

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the file: what is read cannot change before what follows from it is written."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                    self._database.execute("COMMIT")
                except BaseException:
                    # A full disk has SQLite roll back by itself, and to ask for it again is an error of its own.
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StorageError(f"{self._path} cannot be used: {error}") from error
