"""`SEARCH`, one kind of tool output: search results, `path:12:text` and `path-13-text`. How they are recognised and
shortened; `group` writes each path once above its hits, and `ungroup` undoes it."""

from __future__ import annotations

import re
from itertools import pairwise

from penstock import ToolOutput
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain
from penstock_plugins.trim.terminal import shown

__all__ = ["SEARCH", "group", "ungroup"]

_HIT = re.compile(
    r"((?:[A-Za-z]:\\)?[\w.@~+/\\\[\]()-]{1,400}?\.\w{1,5}|(?:/|\.{0,2}/)?[\w.@~+/\\]{1,400}?)([:-])(\d{1,9})\2(.*)$",
    re.DOTALL,
)
_ROOT = "[lines with a colon had their path without "
_UNDER = re.compile(r"\d{1,9}[:-]")
_FILE = re.compile(r"(?:.*[/\\])?[^/\\]*\.[A-Za-z]\w{0,9}$")
_IN_FOLDER = re.compile(r".*[/\\][^/\\]*[^\W\d][^/\\]*$")
"""What a path looks like: a time, an id or an address does neither end with an extension nor stand in a folder."""
_BARE = re.compile(r"[A-Za-z_][\w+-]*$")
"""A file without an extension, where a search was called for."""
_COMPLAINT = re.compile(
    r"(?:[A-Za-z]:\\)?[^\s:]{1,400}:\d+(?::\d+: \S|(?::\d+)?:? (?:- )?(?:fatal )?(?:error|warning|note|info|hint)\b)"
)
"""A compiler's or a linter's."""
_SEARCHES = re.compile(r"grep|(?<!file_)(?<!file)search(?!_?by)", re.IGNORECASE)
"""Tools that look for lines; those that look for names of files list them."""
_NUMBERED = re.compile(r"\s{1,8}(?:Line |L)?\d{1,9}[:|-]")
"""A hit below its file, as some clients write it."""
_COMMAND = re.compile(r"\b(?:rg|grep|ag|ack|git grep)\b")


def group(lines: list[str]) -> list[Line]:
    """The path once for each file, with its hits below; `ungroup` restores the lines.

    A client that shortens paths up to the first colon leaves them whole in lines without one; then the first line says
    what was cut off. Hits about an error keep their path: a reader looks for the whole line. If `ungroup` would misread
    a line, nothing is changed.
    """
    for root in dict.fromkeys((_root(lines), "")):
        out = _group(lines, root)
        if ungroup([line.text for line in out]) == lines:
            return out
    return plain(lines)


def _root(lines: list[str]) -> str:
    """The prefix that full paths have and short ones lack, or nothing."""
    short = ""
    for line in lines:
        hit = _HIT.match(line)
        if hit and ":" in line and not hit[1].startswith("/"):
            short = hit[1]
        elif hit and short and hit[1].endswith("/" + short):
            return hit[1].removesuffix(short)
    return ""


def _group(lines: list[str], root: str) -> list[Line]:
    out = [Line(f"{_ROOT}{root}]", must=True, told=0)] if root else []
    at: str | None = None
    for line in lines:
        hit = _HIT.match(line) if line[:1] not in "0123456789" else None
        if hit is None:
            out.append(Line(line))
            at = at if line == "--" else None
        elif is_error(line) and len(line) < 300:
            out.append(Line(line))
        else:
            path = root + hit[1] if root and ":" in line else hit[1]
            if at != path:
                out.append(Line(path, told=0))
                at = path
            out.append(Line(f"{hit[3]}{hit[2]}{hit[4]}"))
    return out


def ungroup(lines: list[str]) -> list[str]:
    """The lines as they were before `group`."""
    root = lines[0][len(_ROOT) : -1] if lines and lines[0].startswith(_ROOT) else ""
    out: list[str] = []
    at: str | None = None
    for index, line in enumerate(lines):
        under = _UNDER.match(line)
        if index == 0 and root:
            continue
        if under and at is not None:
            path = at.removeprefix(root) if ":" in line else at
            out.append(f"{path}{line[under.end() - 1]}{line}")
        elif not under and _is_head(line, lines[index + 1 : index + 2]):
            at = line
        else:
            out.append(line)
            at = at if line == "--" or _HIT.match(line) else None
    return out


def _is_head(line: str, below: list[str]) -> bool:
    return (
        bool(line)
        and line != "--"
        and " " not in line
        and _HIT.match(line) is None
        and bool(below)
        and _UNDER.match(below[0]) is not None
    )


def _matches(sight: Sight) -> bool:
    if sight.tool is ToolKind.SEARCH and _SEARCHES.search(sight.output.tool):
        return True
    asked = _COMMAND.search(sight.command) is not None
    hits = sum(_is_hit(line, asked) for line in sight.lines)
    if hits < 3 or sight.count(_COMPLAINT) > 0.5 * hits:
        return asked and _is_under_heads(sight)
    return asked or hits > 0.6 * sight.full


def _is_hit(line: str, asked: bool) -> bool:
    hit = _HIT.match(line)
    if hit is None:
        return False
    path = hit[1]
    if _FILE.match(path):
        return True
    # Names of files and folders have a number between dashes, too.
    return hit[2] == ":" and bool(_IN_FOLDER.match(path) or (asked and _BARE.match(path)))


def _is_under_heads(sight: Sight) -> bool:
    """Whether each path is on a line of its own, with its hits below."""
    under = sight.count(_UNDER)
    heads = sum(_is_head(line, [below]) for line, below in pairwise(sight.lines))
    return heads > 0 and under + heads > 0.8 * sight.full


def _repack(output: ToolOutput) -> list[Line]:
    return group(shown(output))


def _depth(line: str) -> int | None:
    if not line.strip() or line == "--":
        return None
    return None if _UNDER.match(line) or _NUMBERED.match(line) or _HIT.match(line) else 0


SEARCH = Kind(
    "search results",
    _matches,
    _repack,
    depth=_depth,
    answer=re.compile(r"\s{0,8}(?:Line |L)?\d+:|[^\s:]+:\d+:"),
    log=True,
    again=True,
    loud=False,
)
