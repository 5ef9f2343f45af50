"""`readable` and `one_line`: remove from a text what could control a terminal, such as escape sequences and characters
that reverse a line. `with_short_ids`: a text for people."""

from __future__ import annotations

import re

__all__ = ["one_line", "readable", "with_short_ids"]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{8,}\b")


def readable(text: str) -> str:
    """`text` without escape sequences, control characters and marks that reverse a line, and without lone surrogates.
    Line ends and tabs stay."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def one_line(text: str, limit: int | None = 400) -> str:
    """The first `limit` characters of `text` (None: all) as `readable` leaves them, on one line."""
    return " ".join(readable(text[:limit]).split())


def with_short_ids(text: str) -> str:
    """`text` with the first 8 digits of each hexadecimal id: of a conversation that its client did not name, say."""
    return _ID.sub(r"\1", text)
