"""`is_decision`: recognises sentences of up to 400 characters that state a decision, by their wording, for compacted
records. Many that are none are recognised, too: a hint, not a rule."""

from __future__ import annotations

import re

__all__ = ["is_decision"]

_DECIDES = re.compile(
    r"\b(?:deci(?:de[ds]?|sions?)|agreed|settled on|chose|chosen|opted|in favou?r of|rather than|instead of"
    r"|(?:let'?s|(?:we|i)(?:'ll| will| should)) (?:use|keep|go with|stick|leave|avoid|switch)"
    r"|must (?:not|never|always|stay|be)|do(?:n't| not) (?:use|touch|change|add))\b",
    re.IGNORECASE,
)
_LONGEST = 400


def is_decision(sentence: str) -> bool:
    """Whether a sentence is worded as a decision. Many that are none are, too: use it as a hint, not as a rule."""
    return len(sentence) <= _LONGEST and _DECIDES.search(sentence) is not None
