"""Alembic runs this: the connection is handed in by `forecourt.store.migrate`."""

from alembic import context

from forecourt.store.migrate import VERSION_TABLE
from forecourt.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite too: the connection handed in begins its transactions itself
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
