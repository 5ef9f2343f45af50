"""Prose: reports of subagents, pages fetched from the web, documents."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.page import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["PROSE"]

_TOOLS = frozenset({"Task", "Agent", "TaskOutput", "WebFetch", "WebSearch", "web_fetch", "web_search"})
_SHAPE = re.compile(r"#{1,6} |[-*] |\d+\. |> ")
_SENTENCE = re.compile(r"(?:[A-Z]|[-*] )[^{};=]{60,}[.:!?]\s*$")


def _matches(sight: Sight) -> bool:
    return sight.output.tool in _TOOLS or sight.count(_SHAPE) + sight.count(_SENTENCE) >= 4


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _depth(line: str) -> int | None:
    return len(line) - len(line.lstrip("#")) if line.startswith("#") else None


PROSE = Kind("prose", _matches, _repack, depth=_depth, worth=0.5, loud=False)
