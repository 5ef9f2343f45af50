"""What a person may say in a chat, as a whole message, to raise the budgets that block it."""

from __future__ import annotations

import re

__all__ = ["CHAT_ORDER", "chat_order"]

CHAT_ORDER = "penstock budget raise"
_ORDER = re.compile(r"/?penstock:? budget raise(?: \$?(\d{1,6}(?:\.\d{1,4})?))?[.!]?", re.IGNORECASE)


def chat_order(text: str) -> re.Match[str] | None:
    """The order, if `text` is one and nothing else. Its first group: by how many dollars, where that is said."""
    return _ORDER.fullmatch(text)
