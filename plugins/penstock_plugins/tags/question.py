"""Whether a text asks for an overview, or for what was at some time."""

from __future__ import annotations

import re

from penstock.text import times_in

__all__ = ["is_broad", "is_temporal"]

_READ = 800
_BROAD = re.compile(
    r"(?i)\b(?:overview|summar(?:y|ise|ize)|recap|so far|in general|big picture|catch me up|where (?:are|were) we"
    r"|what (?:have|did) (?:we|you|i) (?:do|done|did|decide|decided|discuss|discussed|work|worked|change|changed)\b"
    r"|(?:all|every(?:thing)?) (?:we|you|i) (?:know|did|have|decided|said|discussed)|what do (?:we|you) know about)"
)
_WHEN = re.compile(
    r"(?i)\b(?:when (?:did|was|were|do|does|is|will)|yesterday|last (?:week|month|year|night|time|session|sprint)"
    r"|(?:days?|weeks?|months?) ago|earlier (?:today|this)|recently|previously|the other day|back then"
    r"|this (?:morning|week|month))\b"
)


def is_broad(words: str) -> bool:
    """ "What did we decide so far?" """
    return _BROAD.search(words[:_READ]) is not None


def is_temporal(words: str, now: float | None = None) -> bool:
    """ "What was wrong last week?", "in May"."""
    text = words[:_READ]
    return _WHEN.search(text) is not None or bool(times_in(text, now))
