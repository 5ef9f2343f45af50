"""The environment that Alembic loads: runs the migrations on the connection that
`penstock.base.migrations.apply_migrations` passes to it."""

from __future__ import annotations

from alembic import context

from penstock.contexts.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    version_table=context.config.attributes.get("version_table", "alembic_version"),
)
with context.begin_transaction():
    context.run_migrations()
