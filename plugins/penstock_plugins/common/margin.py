"""`MARGIN`: a pattern of what may be a line number with its separator before a line, as file readers of different
clients and commands print them. `margin_of`: the pattern of the line numbers before most of some lines, if these count
up by one; None if there are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["MARGIN", "margin_of"]

MARGIN = re.compile(r"[ \t]{0,12}L?(\d{1,9})(?:→|\t|:| ?[|│])")
"""Matches what may be a number before a line, with its separator. Its one group is the digits."""
_FORMS = tuple(
    re.compile(rf" {{0,12}}L?(\d{{1,9}}){separator}")
    for separator in ("→", "\t", r" \| ", r"\| ", r"\|", " │ ", "│ ", "│", ": ")
)
_LEAST = 3


def margin_of(lines: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern of the line numbers before most of `lines`, if they count up by one; None where there are none. Its one
    group is the digits.

    A table may begin with numbers too, but these do not count up.
    """
    full = sum(bool(line.strip()) for line in lines)
    if sum(MARGIN.match(line) is not None for line in lines) <= max(_LEAST - 1, 0.6 * full):
        return None
    for form in _FORMS:
        numbers = [int(found[1]) for line in lines if (found := form.match(line))]
        if len(numbers) < _LEAST or len(numbers) <= 0.6 * full:
            continue
        steps = [after - before for before, after in pairwise(numbers)]
        if steps.count(1) >= 0.8 * len(steps) and not _is_cut_short(form, lines):
            return form
    return None


def _is_cut_short(form: re.Pattern[str], lines: Sequence[str]) -> bool:
    """Whether the blank after the separator belongs to the lines: not all of them have it."""
    if not form.pattern.endswith(" "):
        return False
    bare = re.compile(form.pattern.rstrip() + r"\S")
    return any(bare.match(line) for line in lines)
