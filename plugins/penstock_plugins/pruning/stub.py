"""Writes the text that replaces a pruned tool result: `stub`, a head that says what was left out, and the kept lines
(`body`, also used for records); or `pointer`, which refers to an earlier result that holds the same text. `title` names
a result by its call, `ago` says how many turns ago."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock_plugins.common.expand_hint import expand_hint
from penstock_plugins.common.margin import MARGIN
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.pruning.history import Result
from penstock_plugins.pruning.page import Line

__all__ = ["HOLE", "ago", "body", "pointer", "stub", "title"]

HOLE = "…"
_NAMED = 6
"""At most so many definitions are named in the mark of a hole."""
_NUMBERED = re.compile(r"(\d{1,9})[→\t]")
_UNNUMBERED = 10**9
"""Stands for the number of a line without one: no number after it shows how many lines are missing."""


def stub(
    result: Result,
    lines: Sequence[Line],
    kept: Sequence[int],
    *,
    can_expand: bool,
    why: str = "",
    errors: int = 0,
) -> str:
    """The kept lines under a head that says what this is, what was left out, and how to get it. `errors`: lines about
    errors that were left out."""
    state = f"{why}; shortened" if why else "shortened"
    more = f", {errors} lines about errors are left out" if errors else ""
    again = "run it again for the rest" if result.kind in (ToolKind.READ, ToolKind.SEARCH) else ""
    way = expand_hint(result.text, can_expand=can_expand, again=again)
    head = f"[{title(result)}: {state} to {len(kept)} of {len(lines)} lines{more}; {way}]"
    return "\n".join([head, *body(lines, kept)])


def body(lines: Sequence[Line], kept: Sequence[int]) -> list[str]:
    """The kept lines in order, each gap marked with the definitions that were in it. A gap without any has no mark
    where a jump in line numbers shows it, nor at the end."""
    out: list[str] = []
    before, last = -1, 0
    for at in [*kept, len(lines)]:
        number = _number(lines[at]) if at < len(lines) else last + 2
        if at > before + 1:
            hole = _hole(lines[before + 1 : at])
            if hole != HOLE or number <= last + 1:
                out.append(hole)
        if at < len(lines):
            out.append(lines[at].text)
        before, last = at, number or _UNNUMBERED
    return out


def pointer(result: Result, target: Result, *, can_expand: bool) -> str:
    """Says that a result is the same text as an earlier one, and how to get it if that one is gone."""
    asked = ""
    if not result.is_whole:
        asked = f" (offset {result.given.get('offset')}, limit {result.given.get('limit')})"
    where = "the same text as" if result.text == target.text else "these lines are in"
    way = expand_hint(result.text, can_expand=can_expand)
    when = ago(result.turn - target.turn)
    return f"[{title(result)}{asked}: unchanged, {where} the result of {title(target)} {when}; {way}]"


def ago(turns: int) -> str:
    """How many of the agent's turns ago something was, in words."""
    return "in this turn" if turns == 0 else f"{turns} turns ago" if turns > 1 else "one turn ago"


def title(result: Result) -> str:
    """The call that a result answers, in one line."""
    return f"{result.tool} {result.target}".strip()


def _number(line: Line) -> int:
    """The number that a file reader put before a line; 0 where there is none."""
    found = _NUMBERED.match(line.text)
    return int(found[1]) if found else 0


def _hole(lines: Sequence[Line]) -> str:
    named = {line.defined: _place(line) for line in lines if line.defined}
    if not named:
        return HOLE
    told = [f"{name}{at}" for name, at in list(named.items())[:_NAMED]]
    more = f", {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{HOLE} {len(lines)} lines: {', '.join(told)}{more}"


def _place(line: Line) -> str:
    """The line number that the reader gave it, so that the file can be read from there."""
    number = MARGIN.match(line.text)
    return f" at {number[1]}" if number else ""
