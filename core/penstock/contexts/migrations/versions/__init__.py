"""The migrations of the tables of contexts, one in each file, in the order of their numbers."""
