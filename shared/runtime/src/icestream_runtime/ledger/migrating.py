"""Bringing a database's tables up to date, by alembic. Imported where that is wanted: it takes as long as all else."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.tables import Tables


def upgrade(database: Database, tables: Tables) -> None:
    """Upgrade in one transaction."""
    config = _config(tables)
    with database.transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def versions(tables: Tables) -> list[str]:
    """Return the versions of the tables that this icestream knows, the latest first."""
    return [each.revision for each in ScriptDirectory.from_config(_config(tables)).walk_revisions()]


def _config(tables: Tables) -> Config:
    config = Config()
    config.set_main_option("script_location", str(tables.migrations).replace("%", "%%"))
    return config
