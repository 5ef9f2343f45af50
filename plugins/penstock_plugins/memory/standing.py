"""What already stands in a request: nobody needs to be told twice."""

from __future__ import annotations

import re

from penstock import Draft
from penstock.memory.items import Item

__all__ = ["stands"]

_REDACTED = re.compile(r"\[redacted [^\]]*\]")
_PROBE = 160


def stands(item: Item, draft: Draft) -> bool:
    """Whether the words of `item` are in what is sent. What a record of ours stands in the stead of is not."""
    probe = max((piece.strip() for piece in _REDACTED.split(item.text)), key=len)[:_PROBE].rstrip()
    if not probe:
        return False
    for index, message in enumerate(draft.conversation.messages):
        if not draft.is_compacted(index) and any(probe in block.text for block in message.blocks):
            return True
    return False
