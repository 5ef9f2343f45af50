"""Choose the lines that stay of a text, in whole hunks: a definition with its first lines, a hit with its file, a
failure with what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from penstock_plugins.pruning.worth import Line

__all__ = ["Room", "choose", "failures"]

CHARS_PER_TOKEN = 2.9
LONGEST = 1_500
"""Longer lines (minified code, embedded data) are never worth it."""
_GAP = 2
"""Holes of so many lines are filled: a mark would not be shorter."""
_BODY = 2
_FAILURE = 6
_ERROR = re.compile(
    r"\b(?:error|fail(?:ed|ures?)?|panic|fatal|exception|traceback|undefined|cannot|not found|denied|refused"
    r"|timed? ?out)\b|^\s*---\s+FAIL|✗|❌",
    re.IGNORECASE,
)
_ERROR_TYPE = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Fault)\b|\bE\d{3,4}\b|\bSIG[A-Z]{3,}\b")
_DIGITS = re.compile(r"\d+")
_GROUP = re.compile(r"(?!\d+[→\t:-])\S.*:$")


def failures(lines: Sequence[Line]) -> list[int]:
    """The lines of a program's report that tell of something that went wrong, those told once."""
    first: dict[str, int] = {}
    for at, line in enumerate(lines):
        text = line.text[:LONGEST]
        if _ERROR.search(text) is not None or _ERROR_TYPE.search(text) is not None:
            first.setdefault(_DIGITS.sub("0", text.strip()), at)
    return list(first.values())


@dataclass(frozen=True, slots=True)
class Room:
    """What may stay."""

    value: float
    """A line stays when its expected later uses for each token are above this."""
    share: float
    """Of the text, at most this share stays."""
    lines: int
    """And at most so many lines."""
    below: int = 0
    """A line that stays takes so many with it that follow it and are indented as deep or deeper."""


def choose(
    lines: Sequence[Line], worth: Callable[[str], float], known: set[str], room: Room, *, is_report: bool = False
) -> list[int]:
    """The indexes of the lines that stay, in order. `worth` is what one more name is worth; names in `known` stand
    elsewhere and are worth nothing. Names in the lines that stay are added to `known`. Of a report, the lines that tell
    of errors stay first."""
    choice = _Choice(lines, worth, known, room)
    if is_report:
        choice.keep_failures()
    return choice.run()


class _Choice:
    def __init__(self, lines: Sequence[Line], worth: Callable[[str], float], known: set[str], room: Room) -> None:
        self._lines, self._worth, self._known, self._room = lines, worth, known, room
        self._left = room.share * sum(line.cost for line in lines)
        self._kept: set[int] = set()

    @cached_property
    def _heads(self) -> list[int | None]:
        return _heads(self._lines)

    def run(self) -> list[int]:
        dense = [(-self._density([at]), at) for at in range(len(self._lines))]
        # A line without a name makes no hunk denser than it is without the line, unless others follow it into the hunk.
        all_count = self._room.below or not self._room.value
        for density, at in sorted(dense):
            if (density or all_count) and at not in self._kept:
                hunk = self._hunk(at)
                if self._density(hunk) >= self._room.value:
                    self._keep(hunk)
        self._fill()
        return sorted(self._kept)

    def _density(self, hunk: list[int]) -> float:
        """Expected uses for each token of a hunk."""
        fresh = {n for at in hunk for n in self._lines[at].names if n not in self._known}
        if not fresh:
            return 0.0
        cost = sum(self._lines[at].cost for at in hunk) / CHARS_PER_TOKEN + 1
        return sum(self._worth(n) for n in fresh) / cost

    def _hunk(self, at: int) -> list[int]:
        """The line, what follows it, and what it hangs from, as far as they do not stay already."""
        last = at
        while last < at + self._room.below and self._joins(last + 1, at):
            last += 1
        hunk = [*range(at, last + 1)]
        head = self._heads[at]
        if head is not None:
            hunk.insert(0, head)
        return [one for one in hunk if one not in self._kept]

    def _joins(self, other: int, at: int) -> bool:
        if not 0 <= other < len(self._lines):
            return False
        line = self._lines[other]
        return bool(line.text.strip()) and line.indent >= self._lines[at].indent and line.cost <= LONGEST

    def _keep(self, hunk: Sequence[int]) -> bool:
        fresh = [at for at in hunk if at not in self._kept]
        cost = sum(self._lines[at].cost for at in fresh)
        too_long = any(self._lines[at].cost > LONGEST for at in fresh)
        if cost > self._left or too_long or len(self._kept) + len(fresh) > self._room.lines:
            return False
        self._left -= cost
        for at in fresh:
            self._kept.add(at)
            self._known.update(self._lines[at].names)
        return True

    def keep_failures(self) -> None:
        """Lines that tell of an error stay whatever share of the text they are; then what stands below them."""
        short = [at for at in failures(self._lines) if self._lines[at].cost <= LONGEST]
        for at in short[: self._room.lines]:
            self._kept.add(at)
            self._left -= self._lines[at].cost
            self._known.update(self._lines[at].names)
        for at in sorted(self._kept):
            indent = _indent(self._lines[at].text)
            for below in range(at + 1, min(at + _FAILURE, len(self._lines))):
                text = self._lines[below].text
                if not text or _indent(text) <= indent or not self._keep([below]):
                    break

    def _fill(self) -> None:
        """Close small holes, and give a definition its first lines."""
        for at in sorted(self._kept):
            if self._lines[at].defines:
                for below in range(at + 1, min(at + 1 + _BODY, len(self._lines))):
                    if not self._keep([below]):
                        break
        kept = sorted(self._kept)
        for one, other in pairwise(kept):
            if 1 < other - one <= _GAP + 1:
                self._keep(range(one + 1, other))


def _heads(lines: Sequence[Line]) -> list[int | None]:
    """For each line the one it hangs from: a hit's file, a statement's definition."""
    heads: list[int | None] = []
    group: int | None = None
    definitions: list[int] = []
    for at, line in enumerate(lines):
        if _GROUP.match(line.text):
            group = at
        elif not line.text[:1].isspace():
            group = None
        if line.text.strip():
            while definitions and lines[definitions[-1]].indent >= line.indent:
                definitions.pop()
        heads.append(group if group not in (None, at) else definitions[-1] if definitions else None)
        if line.defines:
            definitions.append(at)
    return heads


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
