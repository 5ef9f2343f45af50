"""The gateway of a team: workspaces, keys, providers, quotas and usage, in one SQLite file."""
