"""Diffs: files, hunks, changed lines."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.page import Kind, Line, Sight, plain

__all__ = ["DIFF"]

_HEAD = re.compile(r"diff --git |@@ -\d|--- a/|\+\+\+ b/")
_FILE = re.compile(r"diff --git |commit [0-9a-f]{7,40}$")
_NOISE = re.compile(r"index [0-9a-f]{7,}\.\.|[+-]{3} |similarity index|[+ -]\s*$|[+ -]\s+\"(?:integrity|resolved)\": ")


def _matches(sight: Sight) -> bool:
    return sight.count(_HEAD) >= 2


def _as_is(output: ToolOutput) -> list[Line]:
    # Context lines may be edited by what stands here: no blank of them is ours to drop.
    return plain(output.text.split("\n"))


def _depth(line: str) -> int | None:
    if _FILE.match(line):
        return 0
    return 1 if line.startswith("@@") else None


DIFF = Kind(
    "diff",
    _matches,
    _as_is,
    depth=_depth,
    answer=re.compile(r"[+-](?![+-]{2} )"),
    noise=_NOISE,
    worth=0.5,
    loud=False,
)
