"""The calls that take data out of the service and in again: export and import."""
