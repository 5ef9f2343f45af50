"""The TextRank algorithm: `split` divides a text into sentences, `rank` scores them by a graph of the words they share.

Deterministic, and bounded in time: a long text is ranked in chunks of `CHUNK` sentences.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

__all__ = ["rank", "split"]

CHUNK = 300
"""The number of sentences that are ranked against each other."""
_COMMON = 40
"""A word in more sentences of a chunk than this tells nothing, and would cost the square of them."""
_ROUNDS = 30
_DAMPING = 0.85
_SETTLED = 1e-4
_END = re.compile(r"(?<=[.!?])[\"')\]*]*\s+(?=[\"'(\[*`]*[A-Z0-9`])")
_WORD = re.compile(r"[^\W\d_]\w{2,}")


def split(text: str) -> list[str]:
    """The sentences of a text in order. A line break ends a sentence; a fenced code block counts as one."""
    out: list[str] = []
    fenced: list[str] | None = None
    for line in text.split("\n"):
        is_fence = line.lstrip().startswith("```")
        if fenced is not None:
            fenced.append(line)
            if is_fence:
                out.append("\n".join(fenced))
                fenced = None
        elif is_fence:
            fenced = [line]
        else:
            out += [part for part in _END.split(line) if part.strip()]
    return [*out, "\n".join(fenced)] if fenced else out


def rank(sentences: Sequence[str]) -> list[float]:
    """A score for each sentence, 1 on average: the more words it shares with other sentences, the higher."""
    out: list[float] = []
    for start in range(0, len(sentences), CHUNK):
        out += _rank([set(_WORD.findall(s.lower())) for s in sentences[start : start + CHUNK]])
    return out


def _rank(words: Sequence[set[str]]) -> list[float]:
    links = _links(words)
    sums = [sum(weight for _, weight in one) for one in links]
    flows = [[(other, weight / sums[other]) for other, weight in one] for one in links]
    scores = [1.0] * len(words)
    for _ in range(_ROUNDS):
        new = [1 - _DAMPING + _DAMPING * sum([flow * scores[other] for other, flow in one]) for one in flows]
        moved = max((abs(a - b) for a, b in zip(new, scores, strict=True)), default=0.0)
        scores = new
        if moved < _SETTLED:
            break
    return scores


def _links(words: Sequence[set[str]]) -> list[list[tuple[int, float]]]:
    """For each sentence those it shares words with, and a weight: the more and the rarer the words, the higher."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, said in enumerate(words):
        for word in sorted(said):
            found[word].append(at)
    shared: list[dict[int, float]] = [{} for _ in words]
    for places in found.values():
        if 1 < len(places) <= _COMMON:
            weight = math.log(1 + len(words) / len(places))
            for n, one in enumerate(places, start=1):
                row = shared[one]
                for other in places[n:]:
                    row[other] = row.get(other, 0.0) + weight
    lengths = [math.log(len(said) + 1) for said in words]
    links: list[list[tuple[int, float]]] = [[] for _ in words]
    for one, row in enumerate(shared):
        for other, weight in row.items():
            weight /= lengths[one] + lengths[other]
            links[one].append((other, weight))
            links[other].append((one, weight))
    return links
