"""What already stands in a request: nobody needs to be told twice."""

from __future__ import annotations

import re

from penstock import Draft
from penstock.memory import Item, escape_marks

__all__ = ["is_in_request"]

_REDACTED = re.compile(r"\[redacted [^\]]*\]|\n")
_PROBES, _LONGEST = 2, 160


def is_in_request(item: Item, draft: Draft) -> bool:
    """Whether the words of `item` are in what is sent, notes of ours included. Messages that a record of ours stands in
    the stead of are not."""
    probes, told = _probes(item.text), _probes(escape_marks(item.text))
    if any(all(probe in text for probe in told) for text in draft.additions):
        return True
    return any(
        all(probe in block.text for probe in probes)
        for index, message in enumerate(draft.conversation.messages)
        if not draft.is_compacted(index)
        for block in message.blocks
    )


def _probes(text: str) -> list[str]:
    pieces = sorted((piece.strip() for piece in _REDACTED.split(text)), key=len, reverse=True)
    return [piece[:_LONGEST].rstrip() for piece in pieces[:_PROBES] if piece]
