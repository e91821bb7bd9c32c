"""What Alembic runs: the versions, on the connection and in the transaction it was handed."""

from alembic import context

from ticketing.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
