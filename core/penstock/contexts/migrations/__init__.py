"""The migrations of the tables of contexts, which Alembic runs."""
