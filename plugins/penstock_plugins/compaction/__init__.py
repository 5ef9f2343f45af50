"""The compaction stage: replaces old turns of a conversation by a record or a summary."""
