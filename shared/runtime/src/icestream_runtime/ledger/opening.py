"""Opening a ledger: the database behind a URL, with the tables that this icestream works with."""

from __future__ import annotations

from pathlib import Path

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

MIGRATIONS = Path(__file__).parent / "migrations"


def open_ledger(url: str, *, migrate: bool = False) -> SqlLedger:
    """Open the ledger at a URL: `sqlite:///path/ledger.db`, `sqlite://` (memory), `postgresql://user@host/name`.

    migrate : bring its tables up to date; a ledger in memory always begins with that

    Raises LedgerError where it is away, or where its tables are not those that this icestream works with.
    """
    database = _database(url)
    if isinstance(database, SQLite) and database.file is not None and not migrate and not database.file.exists():
        raise LedgerError(f"there is no ledger at {database.file}. Run: icestream ledger migrate")
    try:
        if migrate or (isinstance(database, SQLite) and database.file is None):
            _migrate(database)
        _check(database)
    except LedgerError:
        database.close()
        raise
    return SqlLedger(database)


def _database(url: str) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerError(_unusable("it is no URL")) from None
    match parsed.get_backend_name():
        case "sqlite":
            return SQLite(parsed)
        case "postgresql" | "postgres":
            return PostgreSQL(parsed)
        case other:
            raise LedgerError(_unusable(f"its scheme is {other}"))


def _unusable(why: str) -> str:
    return f"the ledger's URL cannot be used: {why}. Wanted: sqlite:///path/ledger.db or postgresql://user@host/name"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _migrate(database: Database) -> None:
    """Upgrade in one transaction. Of several that start at once, the first upgrades and the others find it done."""
    try:
        _upgrade(database)
    except LedgerError:
        if _found(database) != _wanted():
            raise


def _upgrade(database: Database) -> None:
    if isinstance(database, SQLite) and database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    config = _config()
    with database.transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check(database: Database) -> None:
    found, wanted = _found(database), _wanted()
    if found == wanted:
        return
    known = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    address = database.url.render_as_string()
    if found is not None and found not in known:
        raise LedgerError(
            f"the ledger at {address} has tables of version {found}, which this icestream does not know; it works "
            f"with {wanted}. Install a newer icestream"
        )
    raise LedgerError(
        f"the ledger at {address} has {f'tables of version {found}' if found else 'no tables'}; this icestream works "
        f"with version {wanted}. Run: icestream ledger migrate"
    )


def _wanted() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _found(database: Database) -> str | None:
    with database.transaction(writes=False) as connection:
        return MigrationContext.configure(connection).get_current_revision()
