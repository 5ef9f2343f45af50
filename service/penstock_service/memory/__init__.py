"""The routes about memory: ingest, recall, items and threads, feedback, originals; and how the memory is reached."""
