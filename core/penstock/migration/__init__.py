"""Moves the store, the gateway and the memory of an installation from SQLite to PostgreSQL; contexts and jobs are not
moved."""
