"""`did_you_mean`: a hint with the known word nearest to a misspelled one, for error texts. A word counts as near from a
resemblance of 66 of 100 on; if none is, the hint lists all known words or is empty."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean"]

NEAR = 66
"""The least resemblance, from 0 to 100, of a known word to the one given. `tll` and `ttl` have 66.7, `nope` and
`openai` 60."""


def did_you_mean(word: str, known: Iterable[str], *, lists_all: bool = True) -> str:
    """` Did you mean 'stages'?` for the nearest of `known`. If none is near, it lists all of them, or nothing without
    `lists_all`; empty if `known` is."""
    from rapidfuzz import fuzz, process  # only for those who misspelled something

    words = sorted(map(str, known))  # a member of an enumeration by its value
    found = process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=NEAR)
    if found is not None:
        return f" Did you mean {found[0]!r}?"
    return f" Known: {', '.join(words)}." if words and lists_all else ""
