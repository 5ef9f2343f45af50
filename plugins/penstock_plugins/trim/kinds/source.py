"""Source files: numbered by the tool that read them, or printed bare."""

from __future__ import annotations

import re
from itertools import pairwise

from penstock import ToolOutput
from penstock_plugins.trim.page import Kind, Line, Sight, plain

__all__ = ["DEFINITION", "NUMBERED", "READ", "SOURCE", "numbered", "restore"]

NUMBERED = re.compile(r"( *)(\d{1,9}[→\t])(.*)$", re.DOTALL)
"""The separator stays the client's own: its tool descriptions name it."""
DEFINITION = re.compile(
    r"(?:func|type|def|class|function|export|interface|struct|async def|public|private|protected|static|pub|fn|impl"
    r"|trait|enum|module|namespace|CREATE TABLE)\b|@@ | {4}(?:async )?def |#{1,4} "
)
_CODE = re.compile(
    r"\s*+(?:(?:func|type|def|class|return|import|package|export|const|let|var|if|for|switch|case|else|elif|try|fn|pub"
    r"|struct|interface|async)\b|[)}\]]+[;,]?$|//|/\*|\w[\w.]*\(.*[;{(]?$|\w+\s*:?=)"
)
_WIDTH = 6
"""`cat -n` pads numbers to so many columns, and the clients' readers do the same."""


def numbered(text: str) -> list[Line]:
    """The lines with the blanks before their numbers left out: a seventh of such an output, and nothing in it.

    Where a number stands otherwise than `restore` would put it, all lines stay as they are."""
    lines = [_split(line) for line in text.split("\n")]
    if all(line is not None for line in lines):
        return [line for line in lines if line is not None]
    return plain(text.split("\n"))


def restore(text: str) -> str:
    """The text as it was before `numbered`, byte for byte."""
    return "\n".join(_pad(line) for line in text.split("\n"))


def _pad(line: str) -> str:
    found = NUMBERED.match(line)
    return f"{found[2][:-1]:>{_WIDTH}}{found[2][-1]}{found[3]}" if found and not found[1] else line


def _split(line: str) -> Line | None:
    found = NUMBERED.match(line)
    if found is None:
        return Line(line)
    if len(found[1]) != max(0, _WIDTH - len(found[2]) + 1):
        return None
    return Line(found[3], found[2])


def _is_read(sight: Sight) -> bool:
    if sight.share(NUMBERED) <= 0.6:
        return False
    numbers = [int(found[2][:-1]) for line in sight.lines if (found := NUMBERED.match(line))]
    # A table may begin with numbers too, but counts nothing.
    steps = [after - before for before, after in pairwise(numbers)]
    return len(steps) >= 2 and steps.count(1) >= 0.8 * len(steps)


def _is_code(sight: Sight) -> bool:
    return sight.count(_CODE) >= 6 and sight.share(_CODE) > 0.45


def _depth(line: str) -> int | None:
    found = DEFINITION.match(line)
    return len(line) - len(line.lstrip(" #")) if found else None


READ = Kind(
    "source",
    _is_read,
    lambda output: numbered(output.text),
    depth=_depth,
    keep=DEFINITION,
    worth=1,
    code=True,
    again=True,
    loud=False,
)
"""Byte for byte restorable: an agent edits by what it read."""


def _as_is(output: ToolOutput) -> list[Line]:
    return plain(output.text.split("\n"))


SOURCE = Kind("unnumbered source", _is_code, _as_is, depth=_depth, keep=DEFINITION, worth=1, code=True, loud=False)
