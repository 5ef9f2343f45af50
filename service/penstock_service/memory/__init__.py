"""Calls about memory: ingest, recall, items and threads, feedback; and how the memory is reached."""
