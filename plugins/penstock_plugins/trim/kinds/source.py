"""`READ`, `SHOWN` and `SOURCE`, kinds of tool output: files shown with line numbers, files shown without them by a
reader or a command, other source code. How they are recognised and shortened. `numbered` drops the padding before line
numbers; `holds_files`: whether a command shows files other than logs and data."""

from __future__ import annotations

import re
from dataclasses import replace

from penstock import ToolOutput
from penstock_plugins.common.commands import OF_FILES, Shown, files_shown, shown_by
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.trim.kinds.access import ACCESS
from penstock_plugins.trim.kinds.log import LOG
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain

__all__ = ["DEFINITION", "NUMBERED", "READ", "SHOWN", "SOURCE", "holds_files", "numbered"]

NUMBERED = re.compile(r"( *)(\d{1,9}[→\t])(.*)$", re.DOTALL)
"""Matches a line number with its separator, which stays the client's own: its tool descriptions name it."""
DEFINITION = re.compile(
    r"(?:func|type|def|class|function|export|interface|struct|async def|public|private|protected|static|pub|fn|impl"
    r"|trait|enum|module|namespace|CREATE TABLE)\b|@@ | {4}(?:async )?def |#{1,4} "
)
_CODE = re.compile(
    r"\s*+(?:(?:func|type|def|class|return|import|package|export|const|let|var|if|for|switch|case|else|elif|try|fn|pub"
    r"|struct|interface|async)\b|[)}\]]+[;,]?$|//|/\*|\w[\w.]*\(.*[;{(]?$|\w+\s*:?=)"
)
_PROTOCOL = re.compile(
    r"\.(?:log|out|output|err|jsonl|ndjson|trace|csv|tsv)(?:\.\d+)?$|(?:^|/)(?:tmp|var/log)/", re.IGNORECASE
)
"""Files that programs write and nobody edits."""
_LINES = 3
_WIDTH = 6
"""`cat -n` pads numbers to so many columns, and the clients' readers do the same."""


def numbered(text: str, form: re.Pattern[str] = NUMBERED) -> list[Line]:
    """The lines without the padding before their numbers: a seventh of such an output, which can be put back byte for
    byte. `form` is that of the numbers, as `margin_of` finds it. Where a number is not padded to the usual width, all
    lines stay as they are."""
    if form is not NUMBERED:
        return [_parted(line, form) for line in text.split("\n")]
    lines = [_split(line) for line in text.split("\n")]
    if all(line is not None for line in lines):
        return [line for line in lines if line is not None]
    return plain(text.split("\n"))


def _split(line: str) -> Line | None:
    found = NUMBERED.match(line)
    if found is None:
        return Line(line)
    if len(found[1]) != max(0, _WIDTH - len(found[2]) + 1):
        return None
    return Line(found[3], found[2])


def _parted(line: str, form: re.Pattern[str]) -> Line:
    found = form.match(line)
    return Line(line[found.end() :], found[0]) if found else Line(line)


def _is_read(sight: Sight) -> bool:
    # A search puts the number and a colon before its hits, too.
    return sight.margin is not None and (
        not sight.margin.pattern.endswith(" ") or sight.shown.isdisjoint({Shown.HITS}) or Shown.FILES in sight.shown
    )


def _repack_read(output: ToolOutput) -> list[Line]:
    form = Sight(output).margin
    return numbered(output.text, NUMBERED if form is None or form.pattern.endswith(("→", "\t")) else form)


def holds_files(command: str) -> bool:
    """Whether a command shows files, alone or among other things, and not only files that programs write (logs,
    data)."""
    names = files_shown(command)
    return Shown.FILES in shown_by(command) and not (names and all(_PROTOCOL.search(name) for name in names))


def _is_shown(sight: Sight) -> bool:
    """Whether it is a reader's output without numbers, or that of a command that prints only files; not a program's
    log, and not JSON on one line, which no tool edits by what it shows."""
    if len(sight.lines) < _LINES and sight.head.lstrip()[:1] in ("[", "{"):
        return False
    if sight.tool is not ToolKind.READ and not (sight.shown <= OF_FILES and holds_files(sight.command)):
        return False
    return not LOG.matches(sight) and not ACCESS.matches(sight)


def _is_code(sight: Sight) -> bool:
    return sight.count(_CODE) >= 6 and sight.share(_CODE) > 0.45


def _depth(line: str) -> int | None:
    found = DEFINITION.match(line)
    return len(line) - len(line.lstrip(" #")) if found else None


def _as_is(output: ToolOutput) -> list[Line]:
    return plain(output.text.split("\n"))


READ = Kind(
    "source",
    _is_read,
    _repack_read,
    depth=_depth,
    keep=DEFINITION,
    worth=1,
    code=True,
    file=True,
    again=True,
    loud=False,
)
"""Can be restored byte for byte: an agent edits by what it read."""

SHOWN = replace(READ, name="file", matches=_is_shown, repack=_as_is)
SOURCE = replace(SHOWN, name="unnumbered source", matches=_is_code, again=False)
