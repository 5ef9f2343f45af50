"""`SNAPSHOT`, one kind of tool output: page snapshots of a browser tool, as a tree of roles, names and refs. How they
are recognised and shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain
from penstock_plugins.trim.terminal import shown

__all__ = ["SNAPSHOT"]

_NODE = re.compile(
    r"\s*+- (?:'|\")?(?:generic|button|link|textbox|heading|img|list|listitem|text|paragraph"
    r"|navigation|main|banner|region|table|row|cell|combobox|checkbox|radio|tab|dialog|alert|form"
    r"|article|group|separator|contentinfo)\b"
)
_HOLDER = re.compile(
    r"\s*+- (?:generic|list|listitem|group|none|presentation|img|separator|row|rowgroup)"
    r"(?: \[[^\]]{1,80}\])*:?$|\s*+- /url: "
)
_ACTS = re.compile(
    r"\s*+- (?:'|\")?(?:button|link|textbox|combobox|checkbox|radio|tab|heading|dialog|alert|status|option|menuitem)\b"
)


def _matches(sight: Sight) -> bool:
    return sight.count(_NODE) >= 6 and sight.share(_NODE) > 0.4


def _repack(output: ToolOutput) -> list[Line]:
    return plain(shown(output))


def _depth(line: str) -> int | None:
    # A holder without a name says nothing about what it holds.
    return None if _HOLDER.match(line) else len(line) - len(line.lstrip())


SNAPSHOT = Kind("page snapshot", _matches, _repack, depth=_depth, keep=_ACTS, noise=_HOLDER, loud=False)
