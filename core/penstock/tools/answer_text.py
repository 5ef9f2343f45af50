"""`text_of`: a tool's answer as text for an agent. Raises `PenstockError` for JSON of more than 30,000 characters:
clients show no more. `json_of`: the JSON, however long."""

from __future__ import annotations

import json
from typing import Any

from penstock.base.errors import PenstockError

__all__ = ["LIMIT", "json_of", "text_of"]

LIMIT = 30_000
"""The most characters of an answer: clients cut longer ones, and cut JSON is invalid."""


def text_of(answer: Any) -> str:
    """A tool's answer as text, encoded as JSON if it is no text. Raises `PenstockError` for JSON that is longer than
    `LIMIT`."""
    if isinstance(answer, str):
        return answer
    text = json_of(answer)
    if len(text) > LIMIT:
        raise PenstockError(
            f"the answer has {len(text):,} characters and {LIMIT:,} are the most here: ask for less, or keep large "
            "values in parts, under names of their own"
        )
    return text


def json_of(answer: Any) -> str:
    """An answer as JSON, however long."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
