"""`split_diff`: splits a unified diff by file, and the diff of a file with many changes by its hunks; `file_of` names
the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from penstock.memory.chunks import CHARS_PER_TOKEN, CHUNK_TOKENS
from penstock.memory.items import Kind
from penstock.memory.materials.piece import Piece, Pieces

__all__ = ["file_of", "split_diff"]

_MOST = CHUNK_TOKENS * CHARS_PER_TOKEN
_HUNK = re.compile(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_FILE = re.compile(r"^(?:\+\+\+|---) (?:[ab]/)?([^\t\n]+)", re.M)
_TELLING = ("rename ", "deleted file", "new file")
"""Beginnings of lines that say something about a file without changed lines."""
_GIT = re.compile(r"^diff --git a/.+? b/(.+)$", re.M)


def split_diff(text: str) -> Pieces:
    """One piece for each file; the parts of a long one begin with the lines that name the file. Lines before the first
    file, such as a commit message, are a piece of their own."""
    before, files = _by_file(text.split("\n"))
    if not files:
        return Pieces(skipped=("no unified diff: lines such as `--- a/FILE` and `@@ -1,2 +1,3 @@` were expected",))
    kept, skipped = list[Piece](), list[str]()
    if message := "\n".join(before).strip():
        kept.append(Piece(message, Kind.DIFF))
    for lines in files:
        head, hunks = _hunks(lines)
        whole = "\n".join(lines).rstrip()
        is_binary = any(line.startswith(("Binary files ", "GIT binary patch")) for line in head)
        if not hunks and (is_binary or not any(line.startswith(_TELLING) for line in head)):
            skipped.append(f"{file_of(whole) or 'a file'}: no line of it is in the diff")
        elif len(whole) <= _MOST or not hunks:
            kept.append(Piece(whole, Kind.DIFF))
        else:
            named = [line for line in head if line.startswith(("diff ", "--- ", "+++ "))]
            kept += [Piece("\n".join([*named, *part]), Kind.DIFF) for part in _together(hunks)]
    return Pieces(tuple(kept), tuple(skipped))


def file_of(diff: str) -> str:
    """The file that the diff of one file is about, by its new name; empty when it names none."""
    names: list[str] = [name.strip() for name in _FILE.findall(diff[:_MOST]) if name.strip() != "/dev/null"]
    if names:
        return names[-1] if len(names) < 2 else names[1]
    git = _GIT.search(diff[:_MOST])
    return str(git[1]) if git else ""


def _by_file(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    """What stands before the first file, and the lines of each file."""
    before, files = list[str](), list[list[str]]()
    removed = added = 0  # lines that the hunk still has: a removed line "-- x" looks like the head of a file
    for n, line in enumerate(lines):
        if removed > 0 or added > 0:
            removed -= line[:1] in ("-", " ", "")
            added -= line[:1] in ("+", " ", "")
        elif hunk := _HUNK.match(line):
            removed, added = int(hunk[1] or 1), int(hunk[2] or 1)
        elif line.startswith("diff --git ") or (_is_head(lines, n) and not _continues(files)):
            files.append([])
        (files[-1] if files else before).append(line)
    return before, files


def _is_head(lines: list[str], n: int) -> bool:
    return lines[n].startswith("--- ") and n + 1 < len(lines) and lines[n + 1].startswith("+++ ")


def _continues(files: list[list[str]]) -> bool:
    """Whether the last file has only git's first line so far, without its names."""
    return bool(files) and files[-1][0].startswith("diff --git ") and not any(map(_HUNK.match, files[-1]))


def _hunks(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    """The lines before the first hunk, and each hunk."""
    starts = [n for n, line in enumerate(lines) if _HUNK.match(line)]
    head = lines[: starts[0]] if starts else lines
    return head, [lines[a:b] for a, b in pairwise([*starts, len(lines)])]


def _together(hunks: list[list[str]]) -> Iterator[list[str]]:
    """Groups of hunks, each of at most the size that is stored as one item."""
    part, size = list[str](), 0
    for hunk in hunks:
        length = sum(len(line) + 1 for line in hunk)
        if part and size + length > _MOST:
            yield part
            part, size = [], 0
        part, size = [*part, *hunk], size + length
    yield part
