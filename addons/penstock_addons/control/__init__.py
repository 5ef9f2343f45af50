"""The control API of a running proxy: its routes, its memory, its shutdown."""
