"""`REPORT` and `PROSE`, kinds of tool output: `REPORT`, reports of subagents, and web pages fetched as text; `PROSE`,
other documents in prose. How they are recognised and shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["PROSE", "REPORT"]

_SHAPE = re.compile(r"#{1,6} |[-*] |\d+\. |> ")
_SENTENCE = re.compile(r"(?:[A-Z]|[-*] )[^{};=]{60,}[.:!?]\s*$")


def _is_report(sight: Sight) -> bool:
    if sight.tool is ToolKind.WEB:
        return True
    # What a task that runs in the background gives may be a program's output.
    return (
        sight.tool is ToolKind.AGENT
        and "bash" not in sight.around
        and ("output" not in sight.output.tool.lower() or _is_prose(sight))
    )


def _is_prose(sight: Sight) -> bool:
    return sight.count(_SHAPE) + sight.count(_SENTENCE) >= 4


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _depth(line: str) -> int | None:
    return len(line) - len(line.lstrip("#")) if line.startswith("#") else None


REPORT = Kind("report", _is_report, _repack, depth=_depth, worth=0.5, loud=False)
PROSE = Kind("prose", _is_prose, _repack, depth=_depth, worth=0.5, loud=False)
