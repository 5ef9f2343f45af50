"""`Search`: finds chunks of tool outputs in layers: by stems; by trigrams, for words that few chunks have; by edit
distance, for words that none has; and by vectors. `OutputHit` names the layers that found it.

The rankings of the layers are merged by reciprocal rank: Cormack et al., Reciprocal Rank Fusion, SIGIR 2009.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from penstock.outputs.schema import chunks, outputs
from penstock.outputs.words import ChunkWords, asked_words
from penstock.store.originals import unpacked
from penstock.text.stems import stem

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder

__all__ = ["OutputHit", "Search"]

_RANKED = 60
"""How little the first places count above those behind them."""
_LOOKED_AT = 4
"""So many times the wanted chunks are taken of each layer."""
_FEW = 3
"""A word that fewer chunks have is looked for in the next layer too."""
_BEFORE, _LINES = 2, 12
"""Lines shown before the first that fits, and in all."""
_HANDLE = 8
"""Digits of a digest by which `expand` knows an output."""
_LINE = 400
"""Characters shown of a line."""
_HEADING = re.compile(r"^#{1,6} .*$", re.M)


@dataclass(frozen=True, slots=True)
class OutputHit:
    """A place in a tool output that answers a question."""

    digest: str
    """Of the whole output, as `Original.digest`."""
    source: str
    """The tool and its input."""
    at: float
    """When the output was last shortened, in seconds since 1970."""
    lines: tuple[int, int]
    """The first and the last line of `text` in the output, counted from 1."""
    heading: str
    """The heading it stands under; empty without one."""
    text: str = field(repr=False)
    """The lines about the question."""
    found_by: tuple[str, ...]
    """The layers that found it: `stems`, `trigrams`, `edit distance`, `vectors`."""
    score: float
    """The sum of reciprocal ranks."""

    @property
    def handle(self) -> str:
        """The handle of the output for `expand`."""
        return self.digest[:_HANDLE]


class Search:
    """One question to the outputs of one project."""

    def __init__(
        self, db: sa.Connection, project: int, embedder: Embedder | None = None, only: Collection[str] = ()
    ) -> None:
        self._db, self._project, self._embedder = db, project, embedder
        self._words = ChunkWords(project)
        self._only = self._chunks_of(only) if only else None

    def run(self, question: str, limit: int) -> list[OutputHit]:
        """The best places, at most `limit`. Raises `MemoryDown` if the embedder fails."""
        many = limit * _LOOKED_AT if self._only is None else -1  # others may stand before those that are meant
        layers, looked_for = self._by_words(asked_words(question), many)
        if self._embedder is not None:
            from penstock.outputs.vectors import nearest  # numpy is loaded by those who have vectors

            layers["vectors"] = nearest(self._db, self._project, self._embedder, question, max(many, limit))
        scores: dict[int, float] = {}
        found_by: dict[int, list[str]] = {}
        for name, ranking in layers.items():
            for place, chunk in enumerate(one for one in ranking if self._only is None or one in self._only):
                scores[chunk] = scores.get(chunk, 0.0) + 1 / (_RANKED + 1 + place)
                found_by.setdefault(chunk, []).append(name)
        order = list(layers)
        best = sorted(scores, key=lambda chunk: (-scores[chunk], order.index(found_by[chunk][0]), -chunk))[:limit]
        pattern = _pattern(looked_for)
        rows = sa.select(chunks, outputs.c.digest, outputs.c.source, outputs.c.at, outputs.c.text).join(outputs)
        read = {row.id: row for row in self._db.execute(rows.where(chunks.c.id.in_(best)))}
        return [_hit(read[chunk], pattern, tuple(found_by[chunk]), scores[chunk]) for chunk in best]

    def _by_words(self, words: Sequence[str], many: int) -> tuple[dict[str, list[int]], list[str]]:
        """The chunks that each layer adds, and what was looked for in them."""
        counts = self._words.counts(self._db, words, _FEW)
        layers = {"stems": self._words.with_stems(self._db, words, many)}
        rare = [word for word in words if counts[word] < _FEW]
        known = set(layers["stems"])
        layers["trigrams"] = [one for one in self._words.with_parts(self._db, rare, many) if one not in known]
        absent = [word for word in rare if not counts[word] and not self._words.with_parts(self._db, [word], 1)]
        near = self._words.near(self._db, absent)
        known.update(layers["trigrams"])
        layers["edit distance"] = [c for c in self._words.holding(self._db, near.values(), many) if c not in known]
        return layers, [*words, *near.values()]

    def _chunks_of(self, handles: Collection[str]) -> set[int]:
        found = sa.select(chunks.c.id).join(outputs).where(outputs.c.project == self._project)
        return set(self._db.scalars(found.where(sa.func.substr(outputs.c.digest, 1, _HANDLE).in_(sorted(handles)))))


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """What finds forms of the words: what they have in common with their stems."""
    beginnings = sorted({re.escape(_beginning(word)) for word in words}, key=len, reverse=True)
    return re.compile("|".join(beginnings), re.IGNORECASE) if beginnings else None


def _beginning(word: str) -> str:
    if not word.isascii():
        return word  # its stem has no accents, and the text has them
    short = stem(word)
    return short[:-1] if len(short) > 3 and not word.startswith(short) else short


def _hit(row: sa.Row[Any], pattern: re.Pattern[str] | None, found_by: tuple[str, ...], score: float) -> OutputHit:
    whole = unpacked(row.text)
    lines = whole[row.first : row.last].split("\n")
    start = whole.count("\n", 0, row.first) + 1
    first = _first_line(lines, pattern)
    shown = lines[first : first + _LINES]
    place = sum(len(line) + 1 for line in lines[:first]) + row.first
    headings = _HEADING.findall(whole, 0, place + 1)
    text = "\n".join(_clipped(line, pattern) for line in shown)
    span = (start + first, start + first + len(shown) - 1)
    return OutputHit(row.digest, row.source, row.at, span, headings[-1] if headings else "", text, found_by, score)


def _first_line(lines: Sequence[str], pattern: re.Pattern[str] | None) -> int:
    """Where the lines begin in which the most different words stand, and then the most."""
    if pattern is None:
        return 0
    found = [[match.lower() for match in pattern.findall(line)] for line in lines]

    def worth(at: int) -> tuple[int, int]:
        words = [word for line in found[at : at + _LINES - _BEFORE] for word in line]
        return len(set(words)), len(words)

    with_any = [at for at, words in enumerate(found) if words]
    return max(0, max(with_any, key=worth) - _BEFORE) if with_any else 0


def _clipped(line: str, pattern: re.Pattern[str] | None) -> str:
    if len(line) <= _LINE:
        return line
    match = pattern.search(line) if pattern is not None else None
    at = max(0, match.start() - _LINE // 4) if match is not None else 0
    return f"{'…' if at else ''}{line[at : at + _LINE]}{'…' if at + _LINE < len(line) else ''}"
