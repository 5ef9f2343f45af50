"""The migrations of the gateway's tables, which Alembic runs."""
