"""`CSV`, one kind of tool output: delimited tables, with commas, semicolons, tabs or pipes between the cells and titles
first. How they are recognised and shortened to sample rows."""

from __future__ import annotations

import csv
import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight, plain
from penstock_plugins.trim.samples import Sample, rows

__all__ = ["CSV"]

_SEPARATORS = (",", "\t", ";", "|")
_HEADER = re.compile(r"[^\d\s\"{}()=]{1}[^{}()=]{0,2000}$")


def _separator(lines: list[str]) -> str | None:
    """The separator that splits all lines into the same number of cells, three or more."""
    if len(lines) < 6 or not _HEADER.match(lines[0]):
        return None
    for separator in _SEPARATORS:
        table = [_cells(line, separator) for line in lines[:20]]
        header = table[0]
        # A log whose lines begin alike has columns too, but names none.
        named = len(set(header)) == len(header) and not any(set(header) & set(row) - {""} for row in table[1:])
        if named and len(header) >= 3 and len({len(row) for row in table}) == 1:
            return separator
    return None


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line[:20_000]], delimiter=separator), [])
    except csv.Error:
        return []


def _matches(sight: Sight) -> bool:
    return _separator(sight.lines[:-1]) is not None


def _as_is(output: ToolOutput) -> list[Line]:
    return plain(output.text.split("\n"))


def _sample(lines: list[Line]) -> Sample:
    separator = _separator([line.text for line in lines[:20]])
    if separator is None:
        return Sample()
    header = _cells(lines[0].text, separator)
    table = [(index, _cells(line.text, separator)) for index, line in enumerate(lines) if index and line.text.strip()]
    shown, said = rows(header, [cells for _, cells in table])
    return Sample({index for index, _ in table}, {0} | {table[row][0] for row in shown}, [f"{len(table)} rows: {said}"])


CSV = Kind("table", _matches, _as_is, sample=_sample, loud=False)
