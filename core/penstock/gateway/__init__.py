"""The gateway of a team: workspaces, keys, providers, quotas and usage, in a SQLite file or a PostgreSQL database, and
the redaction of personal data in requests."""
