"""`split_document`: splits a Markdown document at its `#` headings; each piece begins with the headings above it. Short
sections under one heading are joined (to 600 characters); long ones are cut in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from penstock.memory.chunks import CHARS_PER_TOKEN, CHUNK_TOKENS, chunks
from penstock.memory.items import Kind
from penstock.memory.materials.piece import Piece, Pieces

__all__ = ["split_document"]

_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t]*#*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_SHORT = 600
"""Characters up to which short sections are joined."""


def split_document(text: str, title: str = "") -> Pieces:
    """One piece for each section, short ones of the same heading together. Without headings it is one piece, which
    memory keeps in parts when it is long."""
    kept: list[Piece] = []
    path = parent = ""
    body: list[str] = []
    for above, lines in _sections(text, title):
        joined = "\n".join(lines).strip()
        if body and (above != parent or len("\n\n".join(body)) + len(joined) > _SHORT):
            kept += _pieces(path, body)
            body = []
        if not body:
            path, parent = above, above
        if joined:
            body.append(joined)
    return Pieces((*kept, *_pieces(path, body)))


def _pieces(path: str, body: list[str]) -> list[Piece]:
    """A section; of a long one each part, so that each names the headings."""
    text = "\n\n".join(body)
    heading = text.partition("\n")[0] if text.startswith("#") else ""
    named = [path, " > ".join(name for name in (path, heading.lstrip("# ")) if name)]
    tokens = max(CHUNK_TOKENS - len(named[1]) // CHARS_PER_TOKEN, CHUNK_TOKENS // 2)
    parts = [text[a:b] for a, b in chunks(text, tokens)]
    heads = [named[0], *[named[1]] * len(parts)]
    return [
        Piece(f"{head}\n\n{part}" if head else part, Kind.DOCUMENT) for head, part in zip(heads, parts, strict=False)
    ]


def _sections(text: str, title: str) -> Iterator[tuple[str, list[str]]]:
    """For each section the headings above its own, and its lines. A heading without text of its own is only named
    above what follows."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    level, heading, fence = 0, "", ""

    def path() -> str:
        return " > ".join([*([title] if title else []), *(name for _, name in above)])

    for line in text.split("\n"):
        found = None if fence else _HEADING.match(line)
        if found is None:
            if mark := _FENCE.match(line):
                fence = mark[1] if not fence else "" if mark[1] == fence else fence
            lines.append(line)
            continue
        if any(map(str.strip, lines)):
            yield path(), [*([heading] if heading else []), *lines]
        if heading:
            above.append((level, heading.lstrip("# ")))
        level, heading, lines = len(found[1]), line.strip(), []
        above = [one for one in above if one[0] < level]
    if heading or any(map(str.strip, lines)):
        yield path(), [*([heading] if heading else []), *lines]
