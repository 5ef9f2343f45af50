"""`COLUMNS`, one kind of tool output: tables with aligned columns (`kubectl get`, `docker ps`, `ps`, `systemctl`,
`psql`). They are recognised by a first line of titles in capitals or a rule below the titles, and shortened to sample
rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.samples import Sample, rows
from penstock_plugins.trim.terminal import folded

__all__ = ["COLUMNS"]

_HEADER = re.compile(r"\s*+(?:[A-Z%#][A-Z0-9%#()/:._-]{0,40}(?:\s+|$)){3,40}+$")
_RULE = re.compile(r"[|+\s]{0,4}-{2,400}(?:[+|]{1,2}-{2,400})+[|+\s]{0,4}$")
_BORDER = re.compile(r"\s*\|\s*|\s*│\s*")
_FIRST = 6
"""Lines in which the names of columns must come."""
_LEAST = 5
_RARE = 3
"""Rows with a value that stands in so many of them or fewer are shown, all of them."""


def _head(lines: Sequence[str]) -> int | None:
    """The index of the line with the column titles; None where there is none."""
    for index, line in enumerate(lines[:_FIRST]):
        if index and _RULE.match(line):
            return index - 1 if _is_filled(lines, index) else None
        if _HEADER.match(line) and _is_filled(lines, index):
            return index
    return None


def _is_filled(lines: Sequence[str], head: int) -> bool:
    """Whether nearly all lines below have about as many cells as there are titles."""
    below = [line for line in lines[head + 1 : head + 40] if line.strip() and not _RULE.match(line)]
    ruled = _RULE.match(lines[head]) is not None
    least = len(_cells(lines[head - 1 if ruled else head], ruled)) * (1 if ruled else 0.7)
    return len(below) >= _LEAST and sum(len(_cells(line, ruled)) >= least for line in below) > 0.8 * len(below)


def _cells(line: str, ruled: bool) -> list[str]:
    return _BORDER.split(line.strip().strip("|")) if ruled else line.split()


def _matches(sight: Sight) -> bool:
    # Of the last line the beginning may be all that is looked at.
    return _head(sight.lines[:-1]) is not None


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _sample(lines: list[Line]) -> Sample:
    texts = [line.text for line in lines]
    head = _head(texts)
    if head is None:
        return Sample()
    ruled = _RULE.match(texts[head + 1]) is not None
    start = head + 2 if ruled else head + 1
    header = _cells(texts[head], ruled)
    # The last column takes what is left: a command line has blanks of its own.
    table = [(at, _cells(texts[at], ruled)[: len(header)]) for at in range(start, len(texts)) if texts[at].strip()]
    shown, said = rows(header, [cells for _, cells in table])
    for column in range(len(header)):
        counts = Counter(cells[column] for _, cells in table if column < len(cells))
        if len(counts) * 3 < len(table):
            shown |= {
                row for row, (_, cells) in enumerate(table) if column < len(cells) and counts[cells[column]] <= _RARE
            }
    return Sample(
        {at for at, _ in table}, {*range(start), *(table[row][0] for row in shown)}, [f"{len(table)} rows: {said}"]
    )


COLUMNS = Kind("columns", _matches, _repack, sample=_sample, least=4_000, loud=False)
"""Short tables stay whole: they are answers that are read row by row."""
