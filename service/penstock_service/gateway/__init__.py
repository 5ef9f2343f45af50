"""Calls about the gateway of a team: workspaces, keys, providers, models, limits, usage, and who changed what."""
