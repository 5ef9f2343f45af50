"""The pruning stage: replaces repeated tool results by pointers, repacks new ones, and shortens old ones."""
