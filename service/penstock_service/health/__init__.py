"""Calls that ask how the service is."""
