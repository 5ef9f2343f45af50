"""Finds tool results that repeat an earlier one (`told_before`), and those that a later one makes out of date
(`overtaken`); `numbered` reads the lines of a file by number. A part of a file of fewer than six lines is not worth a
pointer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from penstock_plugins.common.margin import MARGIN
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.pruning.history import History, Result

__all__ = ["numbered", "overtaken", "told_before"]

_FEW = 6
"""A part of a file of fewer lines is not worth a pointer."""


def told_before(result: Result, earlier: Sequence[Result], history: History) -> Result | None:
    """The latest of the `earlier` results that holds all of `result`: the same text, or more of the same file, read
    before anything was written to it."""
    lines: Mapping[int, str] | None = None
    for other in reversed(earlier):
        if len(other.text) < len(result.text) or other.tool != result.tool or _was_written(other, result, history):
            continue
        if other.text == result.text:
            return other
        if result.path and other.path == result.path and not result.is_whole:
            lines = lines if lines is not None else numbered(result.text)
            if _is_part(result, lines, numbered(other.text)):
                return other
    return None


def overtaken(results: Iterable[Result]) -> dict[tuple[int, int], str]:
    """Results that are out of date, by message and block, each with the reason: the same was asked again later, or a
    failed attempt succeeded later."""
    why: dict[tuple[int, int], str] = {}
    newest: dict[object, Result] = {}
    for result in reversed(list(results)):
        at = (result.spot.message, result.spot.index)
        later = newest.get(result.call) or (newest.get(result.path) if result.kind is ToolKind.READ else None)
        if later is not None and later.turn > result.turn:
            why[at] = "the same was asked again below"
        mended = newest.get((result.kind, result.path)) if result.path else None
        if result.spot.block.is_error and mended is not None:
            why[at] = "it failed, and went well below"
        if not result.spot.block.is_error:
            newest.setdefault(result.call, result)
            if result.path:
                newest.setdefault((result.kind, result.path), result)
            if result.kind is ToolKind.READ and result.path and result.is_whole:
                newest.setdefault(result.path, result)
    return why


def _was_written(other: Result, result: Result, history: History) -> bool:
    """Whether the agent wrote to the file between two reads of it. Calls of one turn may run in any order."""
    return any(other.turn - 1 <= turn < result.turn for turn in history.edited.get(result.path, ()))


def _is_part(result: Result, lines: Mapping[int, str], other: Mapping[int, str]) -> bool:
    """Whether all lines are in the other result, with the same numbers. Where fewer lines came than were asked for, the
    file must have ended there before, too: it may have been truncated since."""
    if len(lines) < _FEW or any(other.get(number) != line for number, line in lines.items()):
        return False
    return len(lines) == result.given.get("limit") or max(lines) == max(other)


def numbered(text: str) -> dict[int, str]:
    """The lines that a file reader numbered, by number."""
    found = ((MARGIN.match(line), line) for line in text.split("\n"))
    return {int(match[1]): line[match.end() :] for match, line in found if match}
