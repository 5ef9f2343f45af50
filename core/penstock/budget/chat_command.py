"""`chat_order`: recognises the chat message with which a person raises the budgets that block them, `penstock budget
raise`."""

from __future__ import annotations

import re

__all__ = ["CHAT_ORDER", "chat_order"]

CHAT_ORDER = "penstock budget raise"
_ORDER = re.compile(r"/?penstock:? budget raise(?: \$?(\d{1,6}(?:\.\d{1,4})?))?[.!]?", re.IGNORECASE)


def chat_order(text: str) -> re.Match[str] | None:
    """The match, if `text` is this order and nothing else. Its first group: the dollars to raise by, or None."""
    return _ORDER.fullmatch(text)
