"""`tag_summary`: what memory has of one tag, in few tokens: sentences of its items as they were said, the newest first
until a ceiling is reached, shown in the order of time. No model, nothing stored: it is always of what is kept now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from penstock.memory.items import Item
from penstock.text import terms
from penstock.tokens.estimate import estimate

__all__ = ["LEAST", "MOST", "TagSummary", "tag_summary"]

LEAST, MOST = 60, 400
"""The tokens of a summary, where the caller does not say."""
_SENTENCE = re.compile(r"(?<=\D[.!?])\s+(?=\S)|\n+")
_LONGEST = 300
"""Characters of a sentence; of longer ones, the beginning."""
_READ = 4_000
"""Characters of an item that are read."""
_OF_ITEM = 8
"""Tokens that the head of an item takes: when it was said, and by whom."""


@dataclass(frozen=True, slots=True)
class TagSummary:
    """A summary of one tag."""

    parts: tuple[tuple[Item, tuple[str, ...]], ...]
    """Items, the oldest first, each with the sentences taken from it."""
    tokens: int
    """Estimated."""


def tag_summary(items: Sequence[Item], tag: str, least: int = LEAST, most: int = MOST) -> TagSummary:
    """The summary of a tag's `items`, given the newest first. First one sentence of each that names the tag (or, where
    none does, its first); then, below `least` tokens, the others. Never above `most`."""
    stems = set(terms(tag))
    texts = [_sentences(item.text) for item in items]
    taken: dict[int, list[int]] = {}
    seen: set[str] = set()
    tokens = 0
    for n, k, is_more in _in_order(texts, stems):
        sentence = texts[n][k]
        cost = estimate(sentence) + (0 if n in taken else _OF_ITEM)
        if (is_more and tokens >= least) or sentence in seen or tokens + cost > most:
            continue
        tokens += cost
        seen.add(sentence)
        taken.setdefault(n, []).append(k)
    parts = [(items[n], tuple(texts[n][k] for k in sorted(taken[n]))) for n in sorted(taken, reverse=True)]
    return TagSummary(tuple(parts), tokens)


def _in_order(texts: Sequence[Sequence[str]], stems: set[str]) -> Iterator[tuple[int, int, bool]]:
    """The places of all sentences, the most telling first, and whether they are only there to fill a floor."""
    first = [next((k for k, one in enumerate(text) if stems & set(terms(one))), 0) for text in texts]
    yield from ((n, first[n], False) for n, text in enumerate(texts) if text)
    yield from ((n, k, True) for n, text in enumerate(texts) for k in range(len(text)) if k != first[n])


def _sentences(text: str) -> list[str]:
    found = (one.strip() for one in _SENTENCE.split(text[:_READ]))
    return [one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1].rstrip()}…" for one in found if one]
