"""PostgreSQL: READ COMMITTED, row locks and its own clock. No advisory locks: PgBouncer may stand between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    any_,
    bindparam,
    column,
    create_engine,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from icestream_core.errors import LedgerError
from icestream_runtime.ledger.database import Columns, Database
from icestream_runtime.ledger.schema import Moment

CONNECT_SECONDS = 5
ASK_CLOCK_SECONDS = 1.0
PREPARE_AFTER = 3
"""Uses of a statement after which the server keeps its plan: a fifth of all time at the ledger is planning."""
SESSION = "-c timezone=UTC -c jit=off -c lock_timeout=60s -c idle_in_transaction_session_timeout=60s"
"""A gatherer that was stopped while it held locks does not hold up the others for ever.

No JIT: it costs a second of compiling for statements that take milliseconds.
"""


class PostgreSQL(Database):
    """A server, by psycopg 3.

    `?prepare=off` in the URL keeps no plans on the server: for a PgBouncer older than 1.22, which would lose them.
    """

    alone = MappingProxyType({"isolation_level": "AUTOCOMMIT"})
    inserts_two = True

    def __init__(self, url: URL, what: str = "ledger") -> None:
        prepares = _prepares(url)
        arguments = {
            "connect_timeout": CONNECT_SECONDS,
            "options": SESSION,
            "prepare_threshold": PREPARE_AFTER if prepares else None,
        }
        engine = create_engine(
            url.difference_update_query(["prepare"]).set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",
            connect_args=arguments,
        )
        super().__init__(url, engine, what)
        self._asked: tuple[datetime, float] | None = None

    def now(self, connection: Connection) -> datetime:
        # The server's clock, asked once a second: between, this machine counts on. A question each would be a fifth of
        # all that is asked.
        asked, moment = self._asked, time.monotonic()
        if asked is None or moment - asked[1] > ASK_CLOCK_SECONDS:
            clock: datetime = connection.execute(select(func.clock_timestamp(type_=Moment))).scalar_one()
            asked = self._asked = (clock, time.monotonic())
            return clock
        return asked[0] + timedelta(seconds=moment - asked[1])

    @contextlib.contextmanager
    def last(self, connection: Connection) -> Iterator[None]:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        try:
            with driver.pipeline():
                yield
                driver.commit()
        except psycopg.Error as error:
            if driver.closed:
                connection.invalidate(error)
            raise self._error(DBAPIError.instance("COMMIT", None, error, psycopg.Error)) from error

    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    def given(self, columns: Columns) -> FromClause:
        fields = [column(name, kind) for name, kind in columns.items()]
        arrays = [bindparam(f"given_{name}", type_=postgresql.ARRAY(kind)) for name, kind in columns.items()]
        return func.unnest(*arrays).table_valued(*fields).render_derived()

    def rows(self, columns: Columns, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        return {f"given_{name}": [row[index] for row in rows] for index, name in enumerate(columns)}

    def for_each(
        self, given: FromClause, table: Table, condition: ColumnElement[bool], columns: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:
        # OFFSET 0 keeps the planner from turning the loop inside out: a hash join would read the whole table.
        found = select(*columns).select_from(table).where(condition).correlate(given).offset(0).lateral("found")
        return select(given.c[0], *found.c).select_from(given.join(found, literal(True)))

    def among(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return column == any_(bindparam("these", type_=postgresql.ARRAY(column.type)))

    def these(self, values: Iterable[Any]) -> dict[str, Any]:
        return {"these": list(values)}


def _prepares(url: URL) -> bool:
    """Tell whether statements may be prepared; raises LedgerError where the URL says neither on nor off."""
    wanted = url.query.get("prepare", "on")
    if wanted not in ("on", "off"):
        raise LedgerError(f"the ledger's URL says prepare={wanted}. Wanted: on or off")
    return wanted == "on"
