"""The same content in fewer characters: nothing an agent could use is lost."""

from __future__ import annotations

import re

from penstock_plugins.pruning.tools import ToolKind

__all__ = ["repack"]

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]{0,32}[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
_PADDING = re.compile(r"^ +(\d+)(→|\t)", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")
_HIT = re.compile(r"^((?:/|\.{0,2}/|[\w.@-]+/)[^\s:]*?)([:-])(\d+)([:-])(.*)$")
_LEAST_HITS = 4
_LEAST_REPEAT = 9


def repack(kind: ToolKind, text: str) -> str:
    """`text` as a terminal would show it in the end, with paths, repeated lines and blank ones told once. A file's own
    lines stay to the character, only the padding before their numbers goes. Never longer than `text`."""
    if kind is ToolKind.READ:
        packed = _PADDING.sub(r"\1\2", text)
    else:
        packed = _fold(_BLANKS.sub("\n\n", "\n".join(_screen(text))))
    return packed if len(packed) < len(text) else text


def _screen(text: str) -> list[str]:
    plain = _ESCAPE.sub("", text) if "\x1b" in text else text
    return _group([line.rstrip("\r").rpartition("\r")[2].rstrip() for line in plain.split("\n")])


def _group(lines: list[str]) -> list[str]:
    """`path:12:text` on many lines becomes the path once, then ` 12:text`."""
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
        out.append(f" {hit[3]}{hit[4]}{hit[5]}")
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
