"""The routes about the gateway of a team: workspaces, keys, providers, models, limits, usage, and the audit log."""
