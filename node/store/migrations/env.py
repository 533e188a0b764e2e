"""How alembic runs here: on the connection that ``node.store.migrate`` hands over."""

from alembic import context

from node.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
