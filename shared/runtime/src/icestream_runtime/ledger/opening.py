"""Opening a database: what is behind a URL, with the tables that this icestream works with. The ledger is one."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from icestream_core.errors import LedgerError
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.postgresql import PostgreSQL
from icestream_runtime.ledger.sql import SqlLedger
from icestream_runtime.ledger.sqlite import SQLite
from icestream_runtime.ledger.tables import LEDGER, Tables, found_version


def open_ledger(url: str, *, migrate: bool = False) -> SqlLedger:
    """Open the ledger at a URL: `sqlite:///path/ledger.db`, `sqlite://` (memory), `postgresql://user@host/name`.

    migrate : bring its tables up to date; a ledger in memory always begins with that

    Raises LedgerError where it is away, or where its tables are not those that this icestream works with.
    """
    return SqlLedger(open_database(url, LEDGER, migrate=migrate))


def open_database(url: str, tables: Tables, *, migrate: bool) -> Database:
    """Open the database at a URL with these tables in it; see `open_ledger`."""
    database = _database(url, tables.what)
    if isinstance(database, SQLite) and database.file is not None and not migrate and not database.file.exists():
        raise LedgerError(f"there is no {tables.what} at {database.file}. Run: {tables.command}")
    try:
        if migrate or (isinstance(database, SQLite) and database.file is None):
            if isinstance(database, SQLite) and database.file is not None:
                database.file.parent.mkdir(parents=True, exist_ok=True)
            _migrate(database, tables)
        _check(database, tables)
    except LedgerError:
        database.close()
        raise
    return database


def _database(url: str, what: str) -> Database:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise LedgerError(_unusable(what, "it is no URL")) from None
    match parsed.get_backend_name():
        case "sqlite":
            return SQLite(parsed, what)
        case "postgresql" | "postgres":
            return PostgreSQL(parsed, what)
        case other:
            raise LedgerError(_unusable(what, f"its scheme is {other}"))


def _unusable(what: str, why: str) -> str:
    return f"the {what}'s URL cannot be used: {why}. Wanted: sqlite:///path/{what}.db or postgresql://user@host/name"


def _migrate(database: Database, tables: Tables) -> None:
    """Upgrade where that is due. Of several that start at once, the first upgrades and the others find it done."""
    found = found_version(database, tables)
    if found == tables.version:
        return
    _refuse_newer(found, database, tables)
    from icestream_runtime.ledger.migrating import upgrade

    try:
        upgrade(database, tables)
    except LedgerError:
        if found_version(database, tables) != tables.version:
            raise


def _check(database: Database, tables: Tables) -> None:
    found = found_version(database, tables)
    if found == tables.version:
        return
    _refuse_newer(found, database, tables)
    address = database.address
    raise LedgerError(
        f"the {tables.what} at {address} has {f'tables of version {found}' if found else 'no tables'}; this icestream "
        f"works with version {tables.version}. Run: {tables.command}"
    )


def _refuse_newer(found: str | None, database: Database, tables: Tables) -> None:
    from icestream_runtime.ledger.migrating import versions

    if found is not None and found not in versions(tables):
        address = database.address
        raise LedgerError(
            f"the {tables.what} at {address} has tables of version {found}, which this icestream does not know; it "
            f"works with {tables.version}. Install a newer icestream"
        )
