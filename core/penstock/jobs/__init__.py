"""Background jobs of the service: a table in SQLite or PostgreSQL, and threads that run what is in it."""
