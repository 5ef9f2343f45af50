"""The vector index: Chroma in a process of its own, and the calls to it."""
