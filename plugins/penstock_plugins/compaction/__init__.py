"""The compaction stage: replaces old turns by a record or a summary."""
