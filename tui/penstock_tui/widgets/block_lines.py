"""`lines_of`: formats a conversation's blocks as lines: role, kind, tokens, text, edits; and says where each block
begins. Also what other lists need for that: `wrapped` text, `label_of`, `letter_of` and `role_tone` of a block."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from penstock.base.format import plural
from penstock_tui.exchange.model import Block, Change, ExchangeDetail
from penstock_tui.format import count
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.edit_words import describe, mark_of, tone_of_edit
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["LEGEND", "BlockLayout", "label_of", "letter_of", "lines_of", "role_tone", "wrapped"]

LEGEND = "S system  U user  A assistant  T tool"
_LETTERS = {"system": "S", "user": "U", "assistant": "A", "tool": "T"}
_LABELS = {"text": "text", "thinking": "thinking", "tool_use": "call", "tool_result": "result", "media": "media"}
_KIND_TONES = {"thinking": "thinking", "tool_use": "accent", "tool_result": "tool", "media": "warn"}
HEAD = 23
"""Cells before the words: message, bar, letter, label, tokens."""
SENT = 6
"""Cells more where some were sent with other tokens than they came with."""
LONGEST = 60
"""The largest number of lines of one block in full."""


class BlockLayout(NamedTuple):
    """The lines of a conversation, and where each block begins."""

    lines: list[Line]
    own: int
    """Index of the line where this exchange's own blocks begin."""
    places: dict[tuple[int, int], int]
    """For each message and block, the index of its first line."""


def lines_of(detail: ExchangeDetail, width: int, *, full: bool, longest: int | None = LONGEST) -> BlockLayout:
    """All blocks, each as one line or in full, with at most `longest` lines each. None: no limit."""
    places: dict[tuple[int, int], int] = {}
    lines: list[Line] = []
    if detail.known_from > 0:
        before = plural(detail.known_from, "message")
        lines.append([(f"   ⋯ {before} before these, sent before the log begins or too long ago to show", "dim")])
    own = 0
    head = HEAD + SENT * any(block.sent is not None for block in detail.blocks)
    expected = detail.known_from
    for block in detail.blocks:
        if block.new and not own:
            own = len(lines) + 1
            lines.append([("── new in this request ".ljust(max(width, 0), "─"), "head")])
        if block.m > expected:
            left = plural(block.m - expected, "message")
            lines.append([(f"   ⋯ {left} not shown: empty, or more at once than the log lists", "dim")])
        places[block.m, block.b] = len(lines)
        lines += _block(block, width, head, full=full, longest=longest)
        expected = block.m + 1
    if not own:
        own = len(lines)
        lines.append([(_nothing(detail), "dim")])
    return BlockLayout(lines, own - 1 if own else 0, places)


def _nothing(detail: ExchangeDetail) -> str:
    if detail.first is None and not detail.blocks:
        return "   The log does not say what this request held."
    return "── nothing new in this request"


def label_of(block: Block) -> str:
    """The kind of a block, for display."""
    return _LABELS.get(block.kind, block.kind or "?")


def letter_of(block: Block) -> str:
    """The role of a block's message, as a letter."""
    return _LETTERS.get(block.role, "?")


def role_tone(block: Block) -> str:
    """The tone of a role."""
    return block.role if block.role in _LETTERS else "dim"


def _block(block: Block, width: int, head: int, *, full: bool, longest: int | None) -> Iterator[Line]:
    tone = role_tone(block)
    index = str(block.m) if block.b == 0 else ""
    start = [
        (f"{index:>4} ", "dim"),
        (f"▌{letter_of(block)} ", tone),
        (fitted(label_of(block), 9), _KIND_TONES.get(block.kind, tone)),
        *_tokens(block, head - HEAD),
    ]
    plain = "dim" if not block.new else "thinking" if block.kind == "thinking" else "plain"
    words = _words(block, max(width - head, 8), full=full, longest=longest)
    yield [*start, (words[0], plain)]
    for more in words[1:]:
        yield [("     ", "dim"), ("▌", tone), (" " * (head - 6), "dim"), (more, plain)]
    for change in block.changes:
        yield from _change(change, tone, width, head, full=full)


def _tokens(block: Block, room: int) -> Line:
    """The tokens as received and as forwarded."""
    came = "" if block.tokens is None else count(block.tokens)
    if not room or block.sent is None:
        return [(f"{came:>5} ", "dim"), (" " * room, "dim")]
    return [(f"{came:>5}", "dim"), (fitted(f"→{count(block.sent)}", room + 1), "good")]


def _words(block: Block, width: int, *, full: bool, longest: int | None) -> list[str]:
    text = f"{block.name}: {block.text}" if block.name else block.text
    if not full:
        return [fitted(" ".join(text.split()), width).rstrip()]
    lines = [part for line in text.splitlines() for part in wrapped(line, width)]
    if longest is not None and len(lines) > longest:
        lines = [*lines[:longest], f"⋯ {len(lines) - longest} more lines"]
    return lines or [""]


def wrapped(line: str, width: int) -> list[str]:
    line = line.expandtabs(4)
    if width_of(line) <= width:
        return [line]
    # Wide characters take two cells: half as many of them fit.
    room = width if width_of(line) == len(line) else max(width // 2, 1)
    first, *rest = textwrap.wrap(line, room, drop_whitespace=False) or [""]
    return [first, *(part.lstrip() for part in rest)]


def _change(change: Change, tone: str, width: int, head: int, *, full: bool) -> Iterator[Line]:
    colour = tone_of_edit(change)
    by = f" by {change.stage}" if change.stage else ""
    bar = [("     ", "dim"), ("▌", tone), ("  ", "dim")]
    yield [*bar, (fitted(f"{mark_of(change)} {describe(change)}{by}", max(width - 8, 8)).rstrip(), colour)]
    if full and change.text:
        for line in change.text.splitlines()[:LONGEST]:
            for part in wrapped(line, max(width - head, 8)):
                yield [*bar, (" " * (head - 10), "dim"), ("┆ ", colour), (part, "plain")]
