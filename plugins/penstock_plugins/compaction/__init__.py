"""The compaction stage."""
