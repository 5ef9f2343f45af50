"""`CHARS_PER_TOKEN`: the number of characters that stages take for one token where no tokenizer is asked."""

from __future__ import annotations

__all__ = ["CHARS_PER_TOKEN"]

CHARS_PER_TOKEN = 2.9
"""The estimate for whole requests of docs/reference/tokens.md, where 2.9 bytes of JSON are a token."""
