"""`is_complete_json`: whether the pieces of a tool call's arguments that have arrived so far, from a streamed Chat
Completions answer, form a complete JSON object. The end of the call is recognised by it."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["is_complete_json"]


def is_complete_json(pieces: Sequence[str]) -> bool:
    """Whether the pieces are JSON to its end; False if more has to follow, as where there are none."""
    last = next((piece for piece in reversed(pieces) if piece.strip()), "")
    if not last.rstrip().endswith("}"):  # as most do not; to join and parse them each time would be slow
        return False
    try:
        json.loads("".join(pieces))
    except ValueError:
        return False
    return True
