"""The migrations of the gateway's tables, one in each file, in the order of their numbers."""
