"""Run by alembic, over the connection that `open_store` hands in: one transaction for everything."""

from alembic import context

from icestream_catalogue.schema import TABLES, metadata
from icestream_runtime.ledger.tables import version_table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    version_table=version_table(TABLES.what),
)
with context.begin_transaction():
    context.run_migrations()
