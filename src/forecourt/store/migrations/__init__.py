"""The history of the schema, one for both engines (Alembic). `forecourt.store.migrate` runs it."""
