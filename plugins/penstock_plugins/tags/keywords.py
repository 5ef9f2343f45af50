"""`keywords`: the default way of tagging, which needs no model. Its tags, at most 8, are names, words and pairs of
words that are frequent in a text, rare in English and rare in the project."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from penstock_plugins.tags.candidates import Candidate, candidates
from penstock_plugins.tags.tag_vocabulary import Vocabulary

__all__ = ["CHARS", "MOST", "Found", "choose_tags", "find_candidates", "keywords"]

CHARS = 6_000
MOST = 8
_OF_ANSWER = 0.5
"""What an occurrence in the answer counts, against 1 in the prompt."""
_SATURATION = 6.0
"""So many occurrences count half of what any number of them could."""
_TWICE = 1.5
"""A pair of words must occur in the prompt and its answer, or twice: else chance put them beside each other."""


class Found(NamedTuple):
    """What is known of a candidate in one text."""

    name: str
    """In the spelling of its first occurrence."""
    value: float
    times: float
    """How often it occurs, weighted."""


def find_candidates(text: str, answer: str = "") -> dict[str, Found]:
    """What a text, and the answer to it, can be tagged with, in lower case. Reads 6,000 characters of each."""
    found: dict[str, Found] = {}
    for part, weight in ((text, 1.0), (answer, _OF_ANSWER)):
        for name, value, times in _candidates(part[:CHARS]):
            key = name.lower()
            known = found.get(key, Found(name, value, 0.0))
            found[key] = Found(known.name, max(known.value, value), known.times + times * weight)
    return {key: one for key, one in found.items() if one.times >= _TWICE or " " not in key or key != one.name}


@lru_cache(maxsize=32)
def _candidates(text: str) -> tuple[Candidate, ...]:
    """What a person says is looked at when it is asked, when it is answered and when it is stored."""
    return tuple(candidates(text))


def choose_tags(found: Mapping[str, Found], vocabulary: Vocabulary, most: int = MOST) -> list[str]:
    """Of the candidates, the most significant in a project, the first of them first."""
    rarity = vocabulary.rarity(found)
    scores = {key: one.value * one.times / (one.times + _SATURATION) * rarity[key] for key, one in found.items()}
    out: dict[str, None] = {}
    used: set[str] = set()
    for key in sorted(scores, key=lambda k: (-scores[k], k)):
        parts = set(key.split())
        if parts & used:
            continue  # a pair says what its words say
        used |= parts
        out.setdefault(vocabulary.folded(found[key].name))
        if len(out) >= most:
            break
    return list(out)


def keywords(text: str, vocabulary: Vocabulary, most: int = MOST, answer: str = "") -> list[str]:
    """Tags of a text, and of the answer to it, the most significant first."""
    return choose_tags(find_candidates(text, answer), vocabulary, most)
