"""The routes about backups."""
