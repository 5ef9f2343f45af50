"""The vector index of memory: Chroma in a child process, and the calls to it."""
