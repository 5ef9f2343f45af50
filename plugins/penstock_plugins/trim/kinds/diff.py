"""`DIFF`, one kind of tool output: diffs, with files, hunks and changed lines. How they are recognised and shortened;
`once` writes a file's name once, and `again` undoes it."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain

__all__ = ["DIFF", "again", "once"]

_HEAD = re.compile(r"diff --git |@@ -\d|--- a/|\+\+\+ b/")
_FILE = re.compile(r"diff --git |commit [0-9a-f]{7,40}$")
_NAMED = re.compile(r"diff --git a/(\S+) b/\1$")
_NOISE = re.compile(r"index [0-9a-f]{7,}\.\.|[+-]{3} |similarity index|[+ -]\s*$|[+ -]\s+\"(?:integrity|resolved)\": ")


def _matches(sight: Sight) -> bool:
    return sight.count(_HEAD) >= 2


def once(lines: list[str]) -> list[str]:
    """A file's name written once, where the two other lines repeat it; `again` restores the lines.

    Context lines may be quoted in edits: none of their blanks may be dropped.
    """
    out: list[str] = []
    names: tuple[str, ...] = ()
    for line in lines:
        if (head := _NAMED.match(line)) is not None:
            names = (f"--- a/{head[1]}", f"+++ b/{head[1]}")
        elif names and line == names[0] and not is_error(line):
            names = names[1:]
            continue
        elif len(names) == 1:
            complete = line == names[0]
            if not complete:
                out.append(f"--- a/{names[0][6:]}")
            names = ()
            if complete:
                continue
        out.append(line)
    return out if again(out) == lines else lines


def again(lines: list[str]) -> list[str]:
    """The lines as they were before `once`."""
    out: list[str] = []
    name = ""
    for line in lines:
        if (head := _NAMED.match(line)) is not None:
            name = head[1]
        elif line.startswith(("--- ", "Binary ")):
            name = ""
        elif name and line.startswith("@@"):
            out += [f"--- a/{name}", f"+++ b/{name}"]
            name = ""
        out.append(line)
    return out


def _repack(output: ToolOutput) -> list[Line]:
    return plain(once(output.text.split("\n")))


def _depth(line: str) -> int | None:
    if _FILE.match(line):
        return 0
    return 1 if line.startswith("@@") else None


DIFF = Kind(
    "diff",
    _matches,
    _repack,
    depth=_depth,
    answer=re.compile(r"[+-](?![+-]{2} )"),
    noise=_NOISE,
    worth=0.5,
    file=True,
    loud=False,
)
