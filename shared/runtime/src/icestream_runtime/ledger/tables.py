"""Whose tables a database holds, and of which version they are."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import column, inspect, select, table

from icestream_runtime.ledger.database import Database


class Tables(NamedTuple):
    """Whose tables they are, and how they come about.

    what : whose they are, for errors
    migrations : alembic's directory of them
    version : the latest of them, which this icestream works with
    command : what makes them or brings them up to date
    """

    what: str
    migrations: Path
    version: str
    command: str


LEDGER: Final = Tables("ledger", Path(__file__).parent / "migrations", "0002", "icestream ledger migrate")


def version_table(what: str) -> str:
    """Return where alembic notes its version: a catalogue may lie in the ledger's database."""
    return "alembic_version" if what == LEDGER.what else f"{what}_alembic_version"


def found_version(database: Database, tables: Tables) -> str | None:
    """Return the version of the tables that are there; None where there are none."""
    name = version_table(tables.what)
    with database.transaction(writes=False) as connection:
        if not inspect(connection).has_table(name):
            return None
        found: str | None = connection.execute(select(table(name, column("version_num")).c.version_num)).scalar()
        return found
