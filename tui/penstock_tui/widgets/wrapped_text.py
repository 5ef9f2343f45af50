"""`content_of`: builds wrapped, selectable content from coloured lines (`Line`: pairs of text and tone). `labelled` and
`section` make such lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from textual.content import Content

from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.tones import TONES

__all__ = ["Line", "content_of", "labelled", "section"]

Line = Sequence[tuple[str, str]]
"""Texts, each with the name of its colour."""
LABEL = 14
_WORD = re.compile(r"\s*\S+|\s+")
"""A word with the blanks before it: those at a line break are dropped."""


def content_of(lines: Iterable[Line], width: int, indent: int | None = LABEL) -> Content:
    """`lines`, one below the other. Those longer than `width` are wrapped, `indent` cells in; None: below the beginning
    of their last text."""
    wrapped = (part for line in lines for part in _wrapped(line, width, _bounded(indent, line, width)))
    return Content("\n").join(Content.assemble(*((text, TONES[tone]) for text, tone in line)) for line in wrapped)


def _bounded(indent: int | None, line: Line, width: int) -> int:
    cells = sum(width_of(text) for text, _ in line[:-1]) if indent is None else indent
    return cells if cells < width // 2 else min(2, width // 2)


def _wrapped(line: Line, width: int, indent: int) -> Iterator[Line]:
    """Broken between words, and inside a word that is longer than a line, like a path."""
    parts: list[tuple[str, str]] = []
    used = 0
    for text, tone in line:
        for word in _WORD.findall(text):
            if width_of(word.strip()) > width - indent:
                *pieces, word = _cut(word, width - used, width - indent)
                for piece in pieces:
                    yield [*parts, (piece, tone)]
                    parts, used = [(" " * indent, "plain")], indent
            size = width_of(word)
            if used and used + width_of(word.rstrip()) > width:
                yield parts
                parts, used = [(" " * indent, "plain")], indent
                word = word.lstrip()
                size = width_of(word)
            if parts and parts[-1][1] == tone:  # few long pieces cost less to draw than a piece for each word
                word = parts.pop()[0] + word
            parts.append((word, tone))
            used += size
    yield parts


def _cut(word: str, first: int, rest: int) -> list[str]:
    """`word` in pieces: one of up to `first` cells, which may be empty, and others of up to `rest`, or a character
    each."""
    pieces: list[str] = []
    begin, room = 0, first
    for at, letter in enumerate(word):
        size = width_of(letter)
        if size > room and (at > begin or not pieces):
            pieces.append(word[begin:at])
            begin, room = at, rest
        room -= size
    return [*pieces, word[begin:]]


def labelled(label: str, *parts: tuple[str, str]) -> Line:
    """A line that begins with a label."""
    return ((fitted(label, LABEL), "dim"), *parts)


def section(title: str, lines: Sequence[Line]) -> list[Line]:
    """A heading if there is one, its lines, and an empty line. Nothing where there are no lines."""
    return [*([((title, "head"),)] if title else []), *lines, (("", "plain"),)] if lines else []
