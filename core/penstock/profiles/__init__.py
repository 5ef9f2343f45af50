"""Profiles: the settings for a kind of client, and the envelopes it puts around a person's text."""
