"""The plugin contract: the hooks, and the classes that a plugin receives and returns."""
