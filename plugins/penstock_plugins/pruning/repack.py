"""`repack`: makes a tool result shorter without loss: as a terminal would finally show it, with shared paths and
repeated lines written once. Of the content of files only the padding before line numbers goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from penstock_plugins.common.tool_calls import ToolKind, shows_text

__all__ = ["repack"]

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]{0,32}[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
_PADDING = re.compile(r"^ +(\d+)(→|\t)", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")
_HIT = re.compile(
    r"^((?:/|\.{0,2}/|[\w.@-]+/)(?:[^\s:]*?\.[A-Za-z]\w{0,9}|[^\s:]*?))([:-])(\d+)\2(.*)$",
)
"""A name with an extension is tried first: dates in it have numbers between dashes, too."""
_LEAST_HITS = 4
_LEAST_REPEAT = 9


def repack(kind: ToolKind, text: str, given: Mapping[str, Any]) -> str:
    """`text` as a terminal would finally show it, with paths, repeated lines and blank lines written once. Where the
    call `given` shows the content of files, their lines are kept to the character: only the padding before their
    numbers is removed, and the path that many hits share. Never longer than `text`."""
    if kind in (ToolKind.READ, ToolKind.EDIT):
        packed = _PADDING.sub(r"\1\2", text)
    elif shows_text(kind, given):
        bare = _PADDING.sub(r"\1\2", text) if _counts(text) else text
        packed = "\n".join(_group(bare.split("\n")))
    else:
        # Blank lines go before any work is done for each of them; those that only look blank in the end, after it.
        lines = _group(_screen(_BLANKS.sub("\n\n", text)))
        packed = _fold(_BLANKS.sub("\n\n", "\n".join(lines)))
    return packed if len(packed) < len(text) else text


def _counts(text: str) -> bool:
    """Whether the numbers before lines are those of a file reader: a table may begin with numbers too, but these do not
    count up."""
    numbers = [int(match[1][:9]) for match in _PADDING.finditer(text)]
    return len(numbers) > 2 and all(after == before + 1 for before, after in pairwise(numbers))


def _screen(text: str) -> list[str]:
    plain = _ESCAPE.sub("", text) if "\x1b" in text else text
    return [_last_state(line.rstrip("\r")).rstrip() for line in plain.split("\n")]


def _last_state(line: str) -> str:
    """The final state of a progress line, which overwrites itself."""
    return line.rpartition("\r")[2] if line.count("\r") > 1 else line


def _group(lines: list[str]) -> list[str]:
    """Turns `path:12:text` on many lines into the path once, then ` 12:text`."""
    hits = [_HIT.match(line) for line in lines]
    if sum(hit is not None for hit in hits) < _LEAST_HITS:
        return lines
    out: list[str] = []
    path = None
    for line, hit in zip(lines, hits, strict=True):
        if hit is None:
            out.append(line)
            path = path if line == "--" else None
            continue
        if hit[1] != path:
            path = hit[1]
            out.append(f"{path}:")
        out.append(f" {hit[3]}{hit[2]}{hit[4]}")
    return out


def _fold(text: str) -> str:
    out: list[str] = []
    repeats = 0
    for line in text.split("\n"):
        if out and line == out[-1] and len(line) >= _LEAST_REPEAT:
            repeats += 1
            continue
        if repeats:
            out.append(f"[the line above {repeats} more times]")
            repeats = 0
        out.append(line)
    if repeats:
        out.append(f"[the line above {repeats} more times]")
    return "\n".join(out)
