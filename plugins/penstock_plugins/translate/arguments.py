"""Arguments of a tool call, which Chat Completions write as a text of JSON."""

from __future__ import annotations

import json

__all__ = ["is_whole"]


def is_whole(said: str) -> bool:
    """Whether it is JSON to its end; False if more has to follow, as after an empty text."""
    if not said.rstrip().endswith("}"):  # which most pieces are not, and parsing each time would be slow
        return False
    try:
        json.loads(said)
    except ValueError:
        return False
    return True
