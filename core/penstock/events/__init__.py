"""The event log, and the plugins that listen to it."""
