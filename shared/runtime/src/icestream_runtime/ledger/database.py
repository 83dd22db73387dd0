"""What SQLite and PostgreSQL do in ways of their own, and what a transaction is in both."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Self, TypeVar, cast

from sqlalchemy import URL, ColumnElement, Connection, Engine, Executable, FromClause, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeEngine

from icestream_core.errors import LedgerAway, LedgerError
from icestream_runtime.secret_url import without_password

Insert = postgresql.Insert | sqlite.Insert
Statement = TypeVar("Statement", bound=Executable)
Columns = Mapping[str, TypeEngine[Any]]
"""Names and types of rows of ours. The first column tells them apart."""


REFUSALS: Final = ("authentication failed", "does not exist", "no pg_hba.conf entry", "certificate verify failed")
"""What a server says that will not have us, in the form of one that is away: no waiting mends it."""


class Database(ABC):
    """One database, reached through a pool of connections.

    what : whose it is, for its errors: ledger
    """

    alone: ClassVar[Mapping[str, str]] = {}
    """Execution options of statements that stand alone."""
    inserts_two: ClassVar[bool] = False
    """Whether one statement may insert into two tables: a server is asked once then, and commits once."""

    def __init__(self, url: URL, engine: Engine, what: str) -> None:
        self.url, self.engine, self.what = url, engine, what
        self._built: dict[Callable[[Any], Executable], Executable] = {}

    def statement(self, build: Callable[[Self], Statement]) -> Statement:
        """Return a statement, built the first time: to build one takes longer than many a database to answer it."""
        if build not in self._built:
            self._built[build] = build(self)
        return cast("Statement", self._built[build])

    @contextlib.contextmanager
    def transaction(self, *, writes: bool = True, single: bool = False) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end.

        single : every statement may stand alone: a server then commits each without being asked, two round trips less

        Raises LedgerError where the database is away or refuses, with its address and its own words.
        """
        try:
            with self.turn(), self.engine.connect() as connection:
                connection.execution_options(icestream_writes=writes, **(self.alone if single else {}))
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise self._error(error) from error

    def last(self, connection: Connection) -> contextlib.AbstractContextManager[Any]:  # noqa: ARG002 - a server needs it
        """Say that the statements within end the transaction and return nothing.

        A server is asked once for all of them and the commit; else each would be a question of its own.
        """
        return contextlib.nullcontext()

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
    def given(self, columns: Columns) -> FromClause:
        """Return rows of ours as a table, in few parameters: the statement is the same for any number of rows."""

    @abstractmethod
    def rows(self, columns: Columns, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return the parameters that `given` asks for."""

    @abstractmethod
    def for_each(
        self, given: FromClause, table: Table, condition: ColumnElement[bool], columns: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:
        """Select columns of a table, for each row given, where the condition holds: by an index, never by a scan.

        The first column of `given`, which tells the rows apart, stands before them.
        """

    @abstractmethod
    def among(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Say that a column is one of the values that `these` gives, in one parameter."""

    @abstractmethod
    def these(self, values: Iterable[Any]) -> dict[str, Any]:
        """Return the parameter that `among` asks for."""

    @property
    def address(self) -> str:
        """The URL without its password."""
        return without_password(self.url.render_as_string())

    def close(self) -> None:
        self.engine.dispose()

    def _error(self, error: SQLAlchemyError) -> LedgerError:
        away = isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)
        words = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())[:500]
        if away and not any(refusal in words for refusal in REFUSALS):
            return LedgerAway(f"the {self.what} at {self.address} is away: {words}")
        return LedgerError(f"the {self.what} at {self.address} refuses: {words}")
