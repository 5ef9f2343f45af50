"""Parts of a text by line: a range, or what matches."""

from __future__ import annotations

import re

from penstock.base.errors import PenstockError
from penstock.base.regex_search import search

__all__ = ["excerpt", "lines_of"]

WIDE = 1000
"""A matching line of more characters than this is shown around its first match only."""
AROUND = 300
_RANGE = re.compile(r"(\d{1,9})(?:(-)(\d{0,9}))?")


def excerpt(text: str, *, grep: str = "", lines: str = "") -> str:
    """The lines of `text` in the range `lines` (`10-40`, `10-`, `10`), and of these the ones in which the regular
    expression `grep` finds something, with their numbers. All of it when nothing is asked. Raises `PenstockError`."""
    if not grep and not lines:
        return text
    every = lines_of(text)
    first, last = _range(lines, len(every))
    chosen = every[first - 1 : last]
    if not grep:
        return "\n".join(chosen)
    found = search(grep, chosen)
    return "\n".join(f"{first + n}:{_around(chosen[n], start, end)}" for n, start, end in found)


def lines_of(text: str) -> list[str]:
    """The lines as editors and `grep` count them: by line feeds alone."""
    return text.removesuffix("\n").split("\n")


def _range(lines: str, count: int) -> tuple[int, int]:
    if not lines:
        return 1, count
    found = _RANGE.fullmatch(lines.strip())
    if found is None:
        raise PenstockError(f"lines {lines!r}: a range was expected, such as 10-40, 10- or 10")
    first = int(found[1])
    last = first if not found[2] else int(found[3] or count)
    if last < first and found[3]:
        raise PenstockError(f"lines {lines!r}: the range ends before it begins; did you mean {last}-{first}?")
    if not 1 <= first <= count:
        raise PenstockError(f"lines {lines!r}: it has the lines 1-{count}")
    return first, last


def _around(line: str, begins: int, ends: int) -> str:
    if len(line) <= WIDE:
        return line
    start, end = max(0, begins - AROUND), min(ends, begins + AROUND) + AROUND
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
