"""Search results: `path:12:text` and `path-13-text`."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.page import Kind, Line, Sight, plain
from penstock_plugins.trim.terminal import shown

__all__ = ["SEARCH", "group", "ungroup"]

_HIT = re.compile(
    r"((?:[A-Za-z]:\\)?[\w.@~+/\\-]{1,400}?\.\w{1,5}|(?:/|\.{0,2}/)?[\w.@~+/\\]{1,400}?)([:-])(\d{1,9})\2(.*)$",
    re.DOTALL,
)
_ROOT = "[lines with a colon had their path without "
_UNDER = re.compile(r"\d{1,9}[:-]")
_COMMAND = re.compile(r"\b(?:rg|grep|ag|ack|git grep)\b")


def group(lines: list[str]) -> list[Line]:
    """The path once for each file, its hits under it; `ungroup` gives the lines back.

    A client that shortens paths up to the first colon leaves them long in lines without one; then the first line
    says what was cut off. Hits that tell of an error keep their path: a reader looks for the whole line. Lines that
    `ungroup` would misread leave everything as it was."""
    for root in dict.fromkeys((_root(lines), "")):
        out = _group(lines, root)
        if ungroup([line.text for line in out]) == lines:
            return out
    return plain(lines)


def _root(lines: list[str]) -> str:
    """What full paths have before short ones, or nothing."""
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
    hits = sight.count(_HIT)
    if sight.output.tool in ("Grep", "grep", "search"):
        return True
    return hits >= 3 and (sight.share(_HIT) > 0.6 or _COMMAND.search(sight.command) is not None)


def _repack(output: ToolOutput) -> list[Line]:
    return group(shown(output))


def _depth(line: str) -> int | None:
    return None if _UNDER.match(line) or line == "--" or _HIT.match(line) else 0


SEARCH = Kind(
    "search results",
    _matches,
    _repack,
    depth=_depth,
    answer=re.compile(r"\d+:|[^\s:]+:\d+:"),
    log=True,
    again=True,
    loud=False,
)
