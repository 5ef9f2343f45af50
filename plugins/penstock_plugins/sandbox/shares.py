"""Fits outputs of the sandbox into an answer's budget of tokens: `shares` parts the budget among texts, `fitted`
shortens a text to its share, `matches` gives the lines of texts that are about a question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from penstock import ToolOutput, estimate_tokens
from penstock.text import terms
from penstock_plugins.trim.compress import compress

__all__ = ["fitted", "matches", "shares"]

_HEAD = 0.6
"""Of what is kept of a text that is cut, so much is its beginning: the rest is its end, where errors stand."""
_AROUND = 2
"""Lines shown on both sides of one that matches."""


def shares(sizes: Sequence[int], budget: int) -> list[int]:
    """How many tokens each of the texts of `sizes` tokens gets: short ones what they have, the others equal parts of
    what is left. The sum is at most `budget`."""
    given = [0] * len(sizes)
    left = budget
    for rank, i in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        given[i] = min(sizes[i], left // (len(sizes) - rank))
        left -= given[i]
    return given


def fitted(text: str, tokens: int, *, command: str = "", question: str = "", left_out: str = "") -> str:
    """`text` in at most about `tokens` tokens: as it is, or as trimming shortens tool outputs, or its beginning and its
    end. `left_out`: how to get the rest."""
    if estimate_tokens(text) <= tokens:
        return text
    found = compress(ToolOutput(text, "bash", {"command": command}, question=question, aggressiveness="bold"))
    if found is not None and estimate_tokens(found.text) <= tokens:
        return found.text
    lines = (text if found is None or not found.lossless else found.text).split("\n")
    note = f"[{{}} of {len(lines):,} lines are left out{f'; {left_out}' if left_out else ''}]"
    room = max(0, tokens - estimate_tokens(note))
    head = _within(lines, int(room * _HEAD))
    tail = _within(lines[head:][::-1], room - int(room * _HEAD))
    gone = len(lines) - head - tail
    return "\n".join([*lines[:head], note.format(f"{gone:,}"), *(lines[-tail:] if tail else [])])


def _within(lines: Sequence[str], tokens: int) -> int:
    """How many of the first lines fit."""
    used = 0
    for n, line in enumerate(lines):
        used += estimate_tokens(line + "\n")
        if used > tokens:
            return n
    return len(lines)


def matches(question: str, texts: Sequence[str], tokens: int) -> str:
    """The lines of `texts` that share the most, and the rarest, words with `question`, each with the number of its text
    and of its line and with the lines around it, in at most about `tokens` tokens. Empty: no line shares a word."""
    asked = set(terms(question))
    lines = [
        (which, at, line, asked & set(terms(line)))
        for which, text in enumerate(texts, 1)
        for at, line in _numbered(text)
    ]
    often = Counter(word for *_, shared in lines for word in shared)
    weight = {word: math.log(1 + len(lines) / often[word]) for word in often}
    best = sorted((one for one in lines if one[3]), key=lambda one: -sum(weight[word] for word in one[3]))
    shown: set[tuple[int, int]] = set()
    parts: list[str] = []
    used = 0
    for which, at, _, _ in best:
        if (which, at) in shown:
            continue
        around = texts[which - 1].split("\n")[max(0, at - 1 - _AROUND) : at + _AROUND]
        first = max(1, at - _AROUND)
        part = "\n".join(f"{which}:{n}: {line}" for n, line in enumerate(around, first))
        cost = estimate_tokens(part + "\n")
        if used + cost > tokens:
            break
        used += cost
        parts.append(part)
        shown |= {(which, n) for n in range(first, first + len(around))}
    return "\n".join(parts)


def _numbered(text: str) -> list[tuple[int, str]]:
    return [(at, line[:2000]) for at, line in enumerate(text.split("\n")[:100_000], 1)]
