"""The pruning stage: replaces repeated tool results by pointers, and shortens old ones."""
