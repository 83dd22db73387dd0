"""What SQLite and PostgreSQL do in ways of their own, and what a transaction is in both."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, FromClause, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeEngine

from icestream_core.errors import LedgerError

Insert = postgresql.Insert | sqlite.Insert


class Database(ABC):
    """One database, reached through a pool of connections."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url, self.engine = url, engine

    @contextlib.contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end.

        Raises LedgerError where the database is away or refuses, with its address and its own words.
        """
        try:
            with self.turn(), self.engine.connect() as connection:
                connection.execution_options(icestream_writes=writes)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise self._error(error) from error

    def turn(self) -> contextlib.AbstractContextManager[Any]:
        """Hold back other threads where the database cannot serve two at once."""
        return contextlib.nullcontext()

    @abstractmethod
    def now(self, connection: Connection) -> datetime:
        """Return the database's clock."""

    @abstractmethod
    def insert(self, table: Table) -> Insert:
        """Return an INSERT that knows ON CONFLICT."""

    @abstractmethod
    def given(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """Return rows of ours as a table, in few parameters: the statement is the same for any number of rows."""

    @abstractmethod
    def for_each(
        self, given: FromClause, table: Table, condition: ColumnElement[bool], columns: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:
        """Select columns of a table, for each row given, where the condition holds: by an index, never by a scan.

        The first column of `given`, which tells the rows apart, stands before them.
        """

    @abstractmethod
    def among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """Say that a column is one of these values, in one parameter."""

    def close(self) -> None:
        self.engine.dispose()

    def _error(self, error: SQLAlchemyError) -> LedgerError:
        away = isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)
        words = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
        return LedgerError(
            f"the ledger at {self.url.render_as_string()} {'is away' if away else 'refuses'}: {' '.join(words)[:500]}"
        )
