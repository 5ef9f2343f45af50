"""`facts`: extracts the facts that head a compacted record from a range of messages, one sort a line: up to 8 files
written and 8 read, 3 commands that failed and were not seen to pass later, 2 sentences worded as decisions, 6 frequent
names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from penstock import Block, BlockKind, Role
from penstock_plugins.common.tool_calls import ToolKind, kind_of, path_of
from penstock_plugins.compaction.decisions import is_decision
from penstock_plugins.compaction.message_range import Stretch
from penstock_plugins.compaction.textrank import split
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.page import failures, read_lines

__all__ = ["DECISIONS", "facts"]

DECISIONS = "Decisions"
"""Begins the line of decisions."""
_FILES, _ERRORS, _DECISIONS, _TAGS = 8, 3, 2, 6
_LONGEST = 160
"""Characters of one error or decision."""
_TWICE = 2
"""So many calls or texts a tag must be in."""
_FAILED = re.compile(r"\bexit(?:ed)?(?: with)?(?: code| status)?:? ?[1-9]", re.IGNORECASE)


def facts(history: History, stretch: Stretch) -> list[str]:
    """The facts about a range of messages, one sort a line; empty sorts are left out."""
    read, edited = _files(history, stretch)
    found = (
        ("Files edited", _some(edited, _FILES)),
        ("Files read", _some([path for path in read if path not in edited], _FILES)),
        ("Failed, and not seen to go well later", "; ".join(_open_errors(history, stretch))),
        (DECISIONS, " / ".join(_decisions(history, stretch))),
        ("Tags", ", ".join(_tags(history, stretch))),
    )
    return [f"{name}: {told}" for name, told in found if told]


def _blocks(history: History, stretch: Stretch) -> Iterator[Block]:
    for message in history.conversation.messages[slice(*stretch)]:
        yield from message.blocks


def _files(history: History, stretch: Stretch) -> tuple[list[str], list[str]]:
    """The files that were read and those that were written, each once, the most recent first."""
    read: dict[str, None] = {}
    edited: dict[str, None] = {}
    for block in reversed(list(_blocks(history, stretch))):
        if block.kind is BlockKind.TOOL_USE:
            kind = kind_of(block.tool_name)
            path = path_of(kind, history.lookup.given(block.text))
            if path:
                (edited if kind is ToolKind.EDIT else read).setdefault(path)
    return list(read), list(edited)


def _open_errors(history: History, stretch: Stretch) -> list[str]:
    """Commands whose latest run in the whole conversation failed, if it is in this range."""
    ours = [r for r in history.newest_runs if stretch[0] <= r.spot.message < stretch[1] and _has_failed(r)]
    return [_cut(f"{r.target}: {_complaint(r)}") for r in ours[-_ERRORS:]]


def _has_failed(result: Result) -> bool:
    return result.spot.block.is_error or (result.is_report and _FAILED.search(result.text[:400]) is not None)


def _complaint(result: Result) -> str:
    lines = read_lines(result.text[:20_000])
    said = failures(lines)
    return lines[said[0] if said else 0].text.strip()


def _decisions(history: History, stretch: Stretch) -> list[str]:
    """The latest sentences that are worded as decisions."""
    found = [
        f"{'User' if block.role is Role.USER else 'Agent'}: {_cut(sentence.strip())}"
        for block in _blocks(history, stretch)
        if block.kind is BlockKind.TEXT
        for sentence in split(block.text)
        if is_decision(sentence)
    ]
    return found[-_DECISIONS:]


def _tags(history: History, stretch: Stretch) -> list[str]:
    """Names that are frequent in the calls and texts of this range and rare elsewhere. Paths are left out: files have a
    line of their own."""
    here = Counter(
        name
        for block in _blocks(history, stretch)
        if block.role is Role.ASSISTANT and block.kind in (BlockKind.TEXT, BlockKind.TOOL_USE)
        for name in history.lookup.said(block)
    )
    often = {n: k for n, k in here.items() if k >= _TWICE and "/" not in n and not n.isdigit()}
    worth = {n: k * math.log(1 + k / history.mentions[n]) for n, k in often.items()}
    return sorted(worth, key=lambda name: (-worth[name], name))[:_TAGS]


def _some(names: Sequence[str], limit: int) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
