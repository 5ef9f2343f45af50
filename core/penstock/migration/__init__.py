"""Moves the store, the gateway, contexts, jobs and the memory of an installation from SQLite to PostgreSQL."""
