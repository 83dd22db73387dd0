"""Opening a database: what is behind a URL, with the tables that this icestream works with. The ledger is one."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from icestream_core.errors import LedgerError
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.postgresql import PostgreSQL
from icestream_runtime.ledger.sql import SqlLedger
from icestream_runtime.ledger.sqlite import SQLite


class Tables(NamedTuple):
    """Whose tables they are, and how they come about.

    what : whose they are, for errors
    migrations : alembic's directory of them
    command : what makes them or brings them up to date
    """

    what: str
    migrations: Path
    command: str


LEDGER: Final = Tables("ledger", Path(__file__).parent / "migrations", "icestream ledger migrate")


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
            _refuse_newer(_found(database, tables), database, tables)
            _migrate(database, tables)
        _check(database, tables)
    except LedgerError:
        database.close()
        raise
    return database


def _database(url: str, what: str) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError:
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


def _config(tables: Tables) -> Config:
    config = Config()
    config.set_main_option("script_location", str(tables.migrations).replace("%", "%%"))
    return config


def _migrate(database: Database, tables: Tables) -> None:
    """Upgrade in one transaction. Of several that start at once, the first upgrades and the others find it done."""
    try:
        _upgrade(database, tables)
    except LedgerError:
        if _found(database, tables) != _wanted(tables):
            raise


def _upgrade(database: Database, tables: Tables) -> None:
    config = _config(tables)
    with database.transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check(database: Database, tables: Tables) -> None:
    found, wanted = _found(database, tables), _wanted(tables)
    if found == wanted:
        return
    _refuse_newer(found, database, tables)
    address = database.url.render_as_string()
    raise LedgerError(
        f"the {tables.what} at {address} has {f'tables of version {found}' if found else 'no tables'}; this icestream "
        f"works with version {wanted}. Run: {tables.command}"
    )


def _refuse_newer(found: str | None, database: Database, tables: Tables) -> None:
    known = {each.revision for each in ScriptDirectory.from_config(_config(tables)).walk_revisions()}
    if found is not None and found not in known:
        address = database.url.render_as_string()
        raise LedgerError(
            f"the {tables.what} at {address} has tables of version {found}, which this icestream does not know; it "
            f"works with {_wanted(tables)}. Install a newer icestream"
        )


def _wanted(tables: Tables) -> str | None:
    return ScriptDirectory.from_config(_config(tables)).get_current_head()


def _found(database: Database, tables: Tables) -> str | None:
    options = {"version_table": version_table(tables.what)}
    with database.transaction(writes=False) as connection:
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def version_table(what: str) -> str:
    """Return where alembic notes its version: a catalogue may lie in the ledger's database."""
    return "alembic_version" if what == LEDGER.what else f"{what}_alembic_version"
