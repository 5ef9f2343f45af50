"""Two texts as a unified difference, in colours, and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import typer

from penstock.base.diff import changed_lines
from penstock.base.format import printable

__all__ = ["difference"]

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def difference(before: str, after: str, *, title: str, handle: str, limit: int) -> Iterator[str]:
    """The lines of a unified difference, at most about `limit` of them unless that is 0; then how to see the rest."""
    old, new = before.splitlines(), after.splitlines()
    name = f"{title} ({handle})" if handle else title
    yield typer.style(f"--- {name}, as it came: {len(old):,} lines", bold=True)
    yield typer.style(f"+++ {title}, as it was sent: {len(new):,} lines", bold=True)
    lines = changed_lines(old, new)
    if not limit or len(lines) <= limit:
        yield from map(_coloured, lines)
        return
    left_out = 0
    for line, stands_for in _bounded(lines, limit):
        yield _coloured(line) if line else typer.style(f"… {stands_for:,} more like it", dim=True)
        left_out += stands_for
    whole = f"; the whole original: penstock expand {handle}" if handle else ""
    yield typer.style(f"{left_out:,} lines of the difference left out: --lines 0 shows them{whole}", dim=True)


def _bounded(lines: list[str], limit: int) -> Iterator[tuple[str, int]]:
    """Lines, each standing for none but itself; an empty one stands for those left out. Long runs are shortened before
    the end is cut: what went is often long, and what came in its stead is what one wants to see."""
    longest, left = max(2, limit // 4), limit
    rest = len(lines)
    for _, run in groupby(lines, key=lambda line: line[:1]):
        found = list(run)
        shown = found[: min(longest, left)]
        rest -= len(found)
        left -= len(shown)
        yield from ((line, 0) for line in shown)
        if len(shown) < len(found):
            yield "", len(found) - len(shown)
        if not left:
            break
    if rest:
        yield "", rest


def _coloured(line: str) -> str:
    text = printable(line.expandtabs(4))
    return typer.style(text, fg=_COLOURS[text[0]]) if text[:1] in _COLOURS else text
