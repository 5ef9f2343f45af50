"""`GITLOG`, one kind of tool output: git history, as `git log` prints it, long or one line each. How it is recognised
and shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["GITLOG"]

_COMMIT = re.compile(r"(?:[*|\\/ ]{0,40})commit [0-9a-f]{7,40}\b")
_SHORT = re.compile(r"(?:[*|\\/ ]{0,40})[0-9a-f]{7,40} \S")
_BYLINE = re.compile(
    r"(?:Author|Date|AuthorDate|Commit|CommitDate|Merge):\s|\s*+(?:Signed-off-by|Co-Authored-By|Co-authored-by):"
)


def _matches(sight: Sight) -> bool:
    return sight.count(_COMMIT) >= 2 or (sight.count(_SHORT) >= 5 and sight.share(_SHORT) > 0.6)


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _depth(line: str) -> int | None:
    return 0 if _COMMIT.match(line) else None


GITLOG = Kind("git log", _matches, _repack, depth=_depth, noise=_BYLINE, loud=False)
