"""Profiles: the settings of a kind of client, and what it wraps around a person's words."""
