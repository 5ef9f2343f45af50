"""Backups: writes the files of an installation whose store is in SQLite into one file, and restores them from it;
`contents.py` says which."""
