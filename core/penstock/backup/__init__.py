"""Backups: writes all that an installation keeps into one file, and restores an installation from such a file."""
