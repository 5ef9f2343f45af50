"""Arguments of a tool call, which Chat Completions write as a text of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["is_whole"]


def is_whole(pieces: Sequence[str]) -> bool:
    """Whether the pieces are JSON to its end; False if more has to follow, as where there are none."""
    last = next((piece for piece in reversed(pieces) if piece.strip()), "")
    if not last.rstrip().endswith("}"):  # as most do not; to join and parse them each time would be slow
        return False
    try:
        json.loads("".join(pieces))
    except ValueError:
        return False
    return True
