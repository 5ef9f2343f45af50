"""`chunks`: splits a long text at headings and paragraphs into parts of `CHUNK_TOKENS`; `passages`: splits such a part
into overlapping passages of a hundred words, which are what is indexed."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["CHUNK_TOKENS", "Span", "chunks", "passages"]

CHUNK_TOKENS = 512
OVERLAP_TOKENS = 48
CHARS_PER_TOKEN = 4
PASSAGE_WORDS = 100
PASSAGE_STEP = 80
"""A chunk is scored by its best passage. Passages of a hundred words found more than whole messages."""

Span = tuple[int, int]
"""A range of characters in a text: start, end."""

_FENCE = re.compile(r"^[ \t]*(```|~~~).*$", re.M)
_HEADING = re.compile(r"^#{1,6} .*$", re.M)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"\S+")


def chunks(text: str, tokens: int = CHUNK_TOKENS, overlap: int = OVERLAP_TOKENS) -> list[Span]:
    """Spans of about `tokens` tokens that cover `text` in order. Where a paragraph had to be cut, the next span begins
    up to `overlap` tokens before the cut. A heading stands with what it heads; a fenced block is whole unless it is
    too long by itself."""
    most = max(tokens * CHARS_PER_TOKEN, 16)
    if len(text) <= most:
        return [(0, len(text))] if text.strip() else []
    out: list[Span] = []
    start = end = 0
    for first, last in _blocks(text, most):
        if last - start > most and end > start:
            out.append((start, end))
            start = _overlapping(text, first, overlap) if not _starts_section(text, first) else first
            if last - start > most:
                start = first
        end = last
    out.append((start, end))
    return [span for span in out if text[span[0] : span[1]].strip()]


def passages(text: str) -> list[Span]:
    """Spans of a hundred words, the last twenty of which are repeated in the next: the units of the word and vector
    indexes."""
    found = [match.span() for match in _WORD.finditer(text)]
    if len(found) <= PASSAGE_WORDS:
        return [(0, len(text))]
    starts = range(0, max(1, len(found) - PASSAGE_WORDS + PASSAGE_STEP), PASSAGE_STEP)
    return [(found[i][0], found[min(i + PASSAGE_WORDS, len(found)) - 1][1]) for i in starts]


def _blocks(text: str, most: int) -> list[Span]:
    """The spans that `chunks` joins and never cuts, none longer than `most`."""
    out: list[Span] = []
    for first, last, code in _fenced(text):
        if code and last - first <= most:
            out.append((first, last))
            continue
        rules = (_LINE,) if code else (_PARAGRAPH, _LINE, _SENTENCE)
        out += _split(text, first, last, most, rules)
    return _with_headings(text, out, most)


def _fenced(text: str) -> list[tuple[int, int, bool]]:
    """The text in turns: prose, fenced code, prose. A fence that is never closed is prose."""
    fences = list(_FENCE.finditer(text))
    out: list[tuple[int, int, bool]] = []
    at = i = 0
    while i < len(fences):
        mark = fences[i].group(1)
        close = next((j for j in range(i + 1, len(fences)) if fences[j].group().strip() == mark), None)
        if close is None:
            break
        out.append((at, fences[i].start(), False))
        at = min(fences[close].end() + 1, len(text))
        out.append((fences[i].start(), at, True))
        i = close + 1
    out.append((at, len(text), False))
    return [piece for piece in out if piece[1] > piece[0]]


def _split(text: str, first: int, last: int, most: int, rules: tuple[re.Pattern[str], ...]) -> list[Span]:
    """Cut at the coarsest rule that has a match, finer where a piece is still too long."""
    if not rules:
        return [(i, min(i + most, last)) for i in range(first, last, most)]
    edges = [first, *(m.end() for m in rules[0].finditer(text, first, last) if m.end() < last), last]
    out: list[Span] = []
    for a, b in pairwise(edges):
        out += [(a, b)] if b - a <= most else _split(text, a, b, most, rules[1:])
    return out


def _with_headings(text: str, blocks: list[Span], most: int) -> list[Span]:
    """A block that is a heading alone is joined with the next."""
    out: list[Span] = []
    was_heading = False
    for first, last in blocks:
        if was_heading and last - out[-1][0] <= most:
            out[-1] = (out[-1][0], last)
        else:
            out.append((first, last))
        was_heading = _is_heading(text, (first, last))  # what it was joined with is one
    return out


def _is_heading(text: str, span: Span) -> bool:
    return all(_HEADING.fullmatch(line) for line in text[span[0] : span[1]].split("\n") if line.strip())


def _starts_section(text: str, at: int) -> bool:
    return bool(_HEADING.match(text, at) or _FENCE.match(text, at))


def _overlapping(text: str, at: int, tokens: int) -> int:
    """A position up to `tokens` tokens before `at`, at the beginning of a word; `at` itself if code precedes it."""
    low = max(0, at - tokens * CHARS_PER_TOKEN)
    if _FENCE.search(text, low, at):
        return at
    blank = text.find(" ", low, at)
    return blank + 1 if blank >= 0 else at
