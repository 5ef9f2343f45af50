"""`nearness`: scores each line of a tool output by how near it is to what the agent asked about: BM25 over blocks of
lines."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from penstock_plugins.trim.output_kind import Line

__all__ = ["nearness"]

_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}|\d{3,}")
_BLOCK = 40
"""Lines in a block at most."""
_SATURATION = 1.2
_LENGTH = 0.75


def nearness(lines: Sequence[Line], words: set[str], opens: Callable[[str], bool]) -> list[float]:
    """For each line a number from 0 to 1: its block's score as a share of the best block's. A block begins where a line
    `opens` one."""
    blocks = _blocks(lines, opens)
    counts = [_count(lines[start:end]) for start, end in blocks]
    sizes = [sum(count.values()) for count in counts]
    mean = sum(sizes) / max(1, len(sizes)) or 1.0
    scores = [0.0] * len(blocks)
    for word in sorted(words):
        having = [index for index, count in enumerate(counts) if word in count]
        rarity = math.log(1 + (len(blocks) - len(having) + 0.5) / (len(having) + 0.5))
        for index in having:
            often = counts[index][word]
            length = 1 - _LENGTH + _LENGTH * sizes[index] / mean
            scores[index] += rarity * often * (_SATURATION + 1) / (often + _SATURATION * length)
    best = max(scores, default=0.0) or 1.0
    return [score / best for (start, end), score in zip(blocks, scores, strict=True) for _ in range(start, end)]


def _blocks(lines: Sequence[Line], opens: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Ranges of lines that belong together: from one definition, file, hunk or heading to the next."""
    start, out = 0, []
    for index, line in enumerate(lines):
        if index > start and (index - start >= _BLOCK or opens(line.text)):
            out.append((start, index))
            start = index
    return [*out, (start, len(lines))] if lines else []


def _count(lines: Sequence[Line]) -> Counter[str]:
    return Counter(word.lower() for line in lines for word in _WORD.findall(line.text[:2_000]))
