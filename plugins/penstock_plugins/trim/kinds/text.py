"""`TEXT`, one kind of tool output: plain text, the fallback for outputs that no other kind recognises."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line
from penstock_plugins.trim.terminal import folded

__all__ = ["TEXT"]

_TOTAL = re.compile(r"(?i)\s*+(?:total|sum|exit code|\d+ (?:files?|rows?|items?|matches|results?)\b)")


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


TEXT = Kind("output", lambda sight: True, _repack, answer=_TOTAL)
