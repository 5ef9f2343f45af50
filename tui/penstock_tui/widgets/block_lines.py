"""A conversation's blocks as lines of text: who speaks, what kind, how many tokens, the words, what was edited."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from penstock_tui.figures import count, many
from penstock_tui.story import Block, Change, Story
from penstock_tui.widgets.segments import fitted, width_of

__all__ = ["LEGEND", "Line", "lines_of", "told"]

Part = tuple[str, str]
"""A text and its tone."""
Line = list[Part]

LEGEND = "S system  U user  A assistant  T tool"
_LETTERS = {"system": "S", "user": "U", "assistant": "A", "tool": "T"}
_LABELS = {"text": "text", "thinking": "thinking", "tool_use": "call", "tool_result": "result", "media": "media"}
HEAD = 23
"""Cells before the words: message, bar, letter, label, tokens."""
LONGEST = 60
"""Lines of one block in full."""


def lines_of(story: Story, width: int, *, full: bool) -> tuple[list[Line], int]:
    """All lines, and the index of the one where this exchange's own blocks begin."""
    lines: list[Line] = []
    if story.known_from > 0:
        before = many(story.known_from, "message")
        lines.append([(f"   ⋯ {before} before these, sent before the log begins or too long ago to show", "dim")])
    own = 0
    expected = story.known_from
    for block in story.blocks:
        if block.new and not own:
            own = len(lines) + 1
            lines.append([("── new in this request ".ljust(max(width, 0), "─"), "head")])
        if block.m > expected:
            left = many(block.m - expected, "message")
            lines.append([(f"   ⋯ {left} not shown: empty, or more at once than the log lists", "dim")])
        lines += _block(block, width, full=full)
        expected = block.m + 1
    if not own:
        own = len(lines)
        lines.append([(_nothing(story), "dim")])
    return lines, own - 1 if own else 0


def told(change: Change) -> str:
    """An edit in one line: what, how far it is, what it saves, why."""
    size = ""
    if change.before is not None and change.after is not None:
        size = f"{count(change.before)} → {count(change.after)} tokens"
    elif change.after is not None:
        size = f"{count(change.after)} tokens"
    what = " ".join(filter(None, (change.op or "edit", change.state, size)))
    return f"{what}: {change.reason}" if change.reason else what


def _nothing(story: Story) -> str:
    if story.first is None and not story.blocks:
        return "   The log does not say what this request held."
    return "── nothing new in this request"


def _block(block: Block, width: int, *, full: bool) -> Iterator[Line]:
    letter = _LETTERS.get(block.role, "?")
    tone = block.role if block.role in _LETTERS else "dim"
    tokens = "" if block.tokens is None else count(block.tokens)
    label = _LABELS.get(block.kind, block.kind or "?")
    index = str(block.m) if block.b == 0 else ""
    head: Line = [
        (f"{index:>4} ", "dim"),
        (f"▌{letter} ", tone),
        (fitted(label, 9), tone if block.kind in ("tool_use", "tool_result") else "plain"),
        (f"{tokens:>5} ", "dim"),
    ]
    words = _words(block, max(width - HEAD, 8), full=full)
    yield [*head, (words[0], "plain" if block.new else "dim")]
    for more in words[1:]:
        yield [("     ", "dim"), ("▌", tone), (" " * (HEAD - 6), "dim"), (more, "plain" if block.new else "dim")]
    for change in block.changes:
        yield from _change(change, tone, width, full=full)


def _words(block: Block, width: int, *, full: bool) -> list[str]:
    text = f"{block.name}: {block.text}" if block.name else block.text
    if not full:
        return [fitted(" ".join(text.split()), width).rstrip()]
    lines = [part for line in text.splitlines() for part in _wrapped(line, width)]
    if len(lines) > LONGEST:
        lines = [*lines[:LONGEST], f"⋯ {len(lines) - LONGEST} more lines"]
    return lines or [""]


def _wrapped(line: str, width: int) -> list[str]:
    line = line.expandtabs(4)
    if width_of(line) <= width:
        return [line]
    # Wide characters take two cells: half as many of them fit.
    room = width if width_of(line) == len(line) else max(width // 2, 1)
    first, *rest = textwrap.wrap(line, room, drop_whitespace=False) or [""]
    return [first, *(part.lstrip() for part in rest)]


def _change(change: Change, tone: str, width: int, *, full: bool) -> Iterator[Line]:
    colour = {"landed": "good", "pending": "warn"}.get(change.state, "dim")
    when = "" if change.here else ", in an earlier request"
    by = f" by {change.stage}" if change.stage else ""
    bar: Line = [("     ", "dim"), ("▌", tone), ("  ", "dim")]
    yield [*bar, (fitted(f"✎ {told(change)}{by}{when}", max(width - 8, 8)).rstrip(), colour)]
    if full and change.text:
        for line in change.text.splitlines()[:LONGEST]:
            for part in _wrapped(line, max(width - HEAD, 8)):
                yield [*bar, (" " * (HEAD - 10), "dim"), ("┆ ", colour), (part, "plain")]
