"""Calls about the proxy that the service stands beside: its requests, sessions, settings and commands."""
