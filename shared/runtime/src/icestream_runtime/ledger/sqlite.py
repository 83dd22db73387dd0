"""SQLite: write-ahead log, and every write begins IMMEDIATE, so that writers queue instead of failing."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    StaticPool,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import sqlite

from icestream_runtime.ledger.database import Columns, Database
from icestream_runtime.ledger.schema import microseconds

BUSY_SECONDS = 60
"""How long a writer waits for its turn."""


class SQLite(Database):
    """A file, or memory that lives as long as this object and is shared by its threads.

    file : None for memory
    """

    def __init__(self, url: URL, what: str = "ledger") -> None:
        self.file = Path(url.database) if url.database and url.database != ":memory:" else None
        arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        pool = {"poolclass": StaticPool} if self.file is None else {"pool_size": 5, "max_overflow": 20}
        super().__init__(url, create_engine(url, connect_args=arguments, **pool), what)
        self._turn = threading.RLock() if self.file is None else None
        event.listen(self.engine, "connect", self._connected)
        event.listen(self.engine, "begin", _begin)

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        return self._turn or contextlib.nullcontext()

    def now(self, connection: Connection) -> datetime:  # noqa: ARG002 - it has no server: its clock is this machine's
        return datetime.now(UTC)

    def insert(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    def given(self, columns: Columns) -> FromClause:
        each = func.json_each(bindparam("given", type_=Text)).table_valued("value")
        fields = [
            type_coerce(func.json_extract(each.c.value, f"$[{index}]"), kind).label(name)
            for index, (name, kind) in enumerate(columns.items())
        ]
        return select(*fields).subquery()

    def rows(self, columns: Columns, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:  # noqa: ARG002 - JSON needs none
        return {"given": _json(rows)}

    def for_each(
        self, given: FromClause, table: Table, condition: ColumnElement[bool], columns: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:
        return select(given.c[0], *columns).select_from(given.join(table, condition))

    def among(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        each = func.json_each(bindparam("these", type_=Text)).table_valued("value")
        return column.in_(select(each.c.value))

    def these(self, values: Iterable[Any]) -> dict[str, Any]:
        return {"these": _json(list(values))}

    def _connected(self, connection: Any, _record: object) -> None:
        # Python's driver would begin transactions by itself, and deferred ones; the listener on "begin" does it.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        if self.file is not None:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("icestream_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _json(values: Sequence[Any]) -> str:
    return json.dumps(values, default=microseconds)
