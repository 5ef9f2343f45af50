"""`Sample`: of an output with many similar lines, those that represent the others, and sentences about all of them.
`rows` chooses them from a table and describes its columns, `ends` from lines with keys."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Sample", "ends", "rows"]

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?$")
_FEW = 6
"""A column with so many values or fewer is a column of kinds; each kind is shown once."""
_COLUMNS = 40


@dataclass
class Sample:
    """Lines that represent others, by their indexes, and sentences about all of them."""

    covered: set[int] = field(default_factory=set)
    """Lines that are represented: those that are not in `shown` bring nothing new."""
    shown: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def moved(self, by: int) -> Sample:
        """The same sample with all indexes shifted by `by`."""
        return Sample({at + by for at in self.covered}, {at + by for at in self.shown}, self.said) if by else self


def ends(keys: Sequence[str], first: int = 2) -> set[int]:
    """Indexes of the first few and the last line of each key: all of the rare ones, examples of the common ones."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        places[key].append(index)
    return {index for found in places.values() for index in (*found[:first], found[-1])}


def rows(header: Sequence[str], table: Sequence[Sequence[str]]) -> tuple[set[int], str]:
    """Of a table, indexes of rows to keep: the first ones, the last, those with the extremes of each numeric column,
    one for each rare value; and a sentence with each column's range or values."""
    shown = {0, 1, 2, len(table) - 1} & set(range(len(table)))
    said = []
    for column, name in enumerate(header[:_COLUMNS]):
        cells = [(row[column].strip(), index) for index, row in enumerate(table) if column < len(row)]
        numbers = [(float(cell), index) for cell, index in cells if _NUMBER.match(cell)]
        if len(numbers) > 0.9 * len(table):
            low, high = min(numbers), max(numbers)
            shown |= {low[1], high[1]} if low[0] < high[0] else set()
            said.append(f"{name} {low[0]:g} to {high[0]:g}")
            continue
        counts = Counter(cell for cell, _ in cells)
        if len(counts) <= _FEW:
            first = dict(reversed(cells))
            shown |= set(first.values())
            said.append(
                f"{name} " + ", ".join(f"{cell[:24] or 'empty'} {count}" for cell, count in counts.most_common())
            )
        else:
            said.append(f"{name} {len(counts)} values")
    return shown, "; ".join(said)
