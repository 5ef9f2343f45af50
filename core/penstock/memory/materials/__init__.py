"""Splits materials that a caller brings (a chat, diffs, logs, documents) into pieces, each to be one memory item."""
