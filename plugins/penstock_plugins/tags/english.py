"""`word_of`: how frequent an English word is in print, and what kind of word it is, from the list `english.txt` beside
this file (its sources stand in its first lines)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["PATH", "RAREST", "Word", "is_listed", "word_of"]

PATH = Path(__file__).with_name("english.txt")
RAREST = 3.2
"""The Zipf value of a word that is not listed: at most 1.6 in a million."""
_ENDINGS = {
    "adjective": ("able", "ible", "ful", "less", "ous", "ive", "ish", "ical"),
    "verb": ("ing", "ed", "ise", "ize", "ify"),
    "other": ("ly",),
}


class Word(NamedTuple):
    """What is known of a word."""

    zipf: float
    """log10 of its occurrences in 1,000,000,000 words: 7.6 for `the`, 3.2 for rare words."""
    kind: str
    """noun, verb, adjective or other."""


@lru_cache(maxsize=20_000)
def word_of(word: str) -> Word:
    """What is known of a word in lower case. As frequent as its singular; a noun where nothing says otherwise."""
    listed = _listed()
    found = listed.get(word)
    kind = found.kind if found is not None and found.kind != "unknown" else _kind(word)
    zipf = found.zipf if found is not None else RAREST
    if word.endswith("s") and (single := listed.get(word[:-1])) is not None:
        zipf = max(zipf, single.zipf)
        if found is None and single.kind != "unknown":
            kind = single.kind
    return Word(zipf, kind)


def is_listed(word: str) -> bool:
    """Whether a word in lower case, or its singular, is in the list."""
    listed = _listed()
    return word in listed or (word.endswith("s") and word[:-1] in listed)


def _kind(word: str) -> str:
    for kind, endings in _ENDINGS.items():
        if len(word) > 5 and word.endswith(endings):
            return kind
    return "noun"


@lru_cache(maxsize=1)
def _listed() -> dict[str, Word]:
    found = {}
    for line in PATH.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        zipf, kind, *words = line.split()
        entry = Word(float(zipf), kind)
        found.update(dict.fromkeys(words, entry))
    return found
