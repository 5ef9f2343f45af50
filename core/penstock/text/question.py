"""`read_question`: parses the first 4,000 characters of a question put to the memory's search into a `Question`: its
words, the times and the person it names, and the kind of answer it wants. What it does not find is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from penstock.text.dates import When, times_in
from penstock.text.stems import STOP_WORDS, stem, words

__all__ = ["ROLES", "Question", "read_question"]

ROLES = frozenset({"user", "assistant", "system", "tool", "developer"})
"""Roles that are no person's name."""

LONGEST = 4_000
"""Characters of a question that are read."""
_WRAPPING = re.compile(
    r"mention only[^.?!]*[.?!]?|\b(?:can|could|would) you (?:please )?(?:walk me through|list|give me|tell me|help me|"
    r"provide|remind me)|throughout our conversations?|across our conversations?|in our conversations?|"
    r"the order in which|in order\b|(?:different )?aspects of|according to|based on our conversations?|"
    r"did i (?:say|mention|tell you)|i (?:brought up|mentioned|told you about)",
    re.I,
)
_WORDS_OF_ASKING = """order bring brought mention list walk different aspects conversation conversations throughout
across items item five summary summarize overview comprehensive complete give tell help please discussed said say kind
type many much long often ever before"""
_ASKING = frozenset(stem(word) for word in _WORDS_OF_ASKING.split())
_WHEN = re.compile(
    r"\b(when|what date|how long|what month|what year|how many (days|weeks|months|years)|which month|which year)\b"
)
_MANY = re.compile(r"\bhow (many|much|old|often|long)|percentage|what (rate|score|number)|total\b")
_YOU = re.compile(
    r"\b(you|your)\b.*\b(recommend|suggest|advi|tell|told|say|said|provid|explain|give me (?:a|the) step)|\bdid you\b|"
    r"steps .* you|summar|comprehensive|complete overview"
)
_SUMMARY = re.compile(r"summar|overview")
_PAST = re.compile(r"\b(i|my)\b.*\b(did|have|had|was|were|brought|mention)|\b(did|have|had|was|were|am) (i|my)\b")
_OWN = re.compile(
    r"\b(?:did|do|does|has|have|had|is|are|am|was|were) (?:i|we|my|our|you)\b"
    r"|\b(?:i|we)(?:'ve|'d| (?:have|had|did|was|were|said|told|\w{3,}ed))\b"
)
_SEVERAL = re.compile(
    r"\border in which\b|\bin order\b(?! to)|summar|overview|\b(?:throughout|across) (?:our|all|my)\b"
    r"|\bhow many (?:different|unique|times)\b"
)
_REQUEST = re.compile(r"\s*(can|could|what|how|which|show|help|i'm|i |when|where|if|please)")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, parsed."""

    text: str
    """The question without the words that only wrap it."""
    keys: tuple[str, ...]
    """The words that carry the question, in lower case; never empty."""
    stems: tuple[str, ...]
    """The stems that are searched in the index."""
    named: str = ""
    """The person it names, one of `names`; empty for none or several."""
    times: tuple[When, ...] = ()
    wants_time: bool = False
    wants_number: bool = False
    wants_assistant: bool = False
    """The question asks for what the assistant said."""
    wants_summary: bool = False
    is_request: bool = False
    """The question asks for something to be done, so that standing wishes ("always use ...") bear on it."""
    wants_new: bool = False
    """A request that is not about what the person has, did or was told, so that their preferences bear on it."""
    wants_several: bool = False
    """The question asks for an order, a summary or a count of what was said, so that several sessions bear on it."""


def read_question(text: str, names: Iterable[str] = (), now: float | None = None) -> Question:
    """Parse the first `LONGEST` characters of `text`. `names`: the people who speak in this project."""
    text = text[:LONGEST]
    low, cleaned = text.lower(), _unwrapped(text)
    found = words(cleaned)
    known = [name for name in names if name not in ROLES]
    parts = {stem(word) for name in known for word in words(name)}
    named = [name for name in known if name.lower() in found]
    keys = [w for w in found if w not in STOP_WORDS and stem(w) not in _ASKING and stem(w) not in parts]
    keys = list(dict.fromkeys(keys or found or ["_"]))
    is_request = bool(_REQUEST.match(low)) and not _PAST.search(low)
    return Question(
        cleaned,
        tuple(keys),
        tuple(dict.fromkeys(stem(word) for word in keys)),
        named[0] if len(named) == 1 else "",
        tuple(times_in(cleaned, now)),
        bool(_WHEN.search(low)),
        bool(_MANY.search(low)),
        bool(_YOU.search(low)),
        bool(_SUMMARY.search(low)),
        is_request,
        is_request and not _OWN.search(low),
        bool(_SEVERAL.search(low)),
    )


def _unwrapped(text: str) -> str:
    """The question without "can you list the order in which ..."; as it is when nothing else would be left."""
    bare = _WRAPPING.sub(" ", text)
    return bare if any(w not in STOP_WORDS and stem(w) not in _ASKING for w in words(bare)) else text
