"""The calls about backups."""
