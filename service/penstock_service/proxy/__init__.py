"""The routes about the proxy beside the service: its requests, sessions, events, settings, commands and replays."""
