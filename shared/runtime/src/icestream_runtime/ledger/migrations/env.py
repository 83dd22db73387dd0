"""Run by alembic, over the connection that `open_ledger` hands in: one transaction for everything."""

from alembic import context

from icestream_runtime.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
