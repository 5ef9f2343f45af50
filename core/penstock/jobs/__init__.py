"""Background jobs of the service: a table in SQLite, and threads that run what is in it."""
