"""`choose`: selects the lines of an old tool result to keep, as far as there is `Room`, in whole hunks: a definition
with its first lines, a hit with its file, a failure with its message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

from penstock_plugins.common.token_estimate import CHARS_PER_TOKEN
from penstock_plugins.pruning.page import LONGEST, Page

__all__ = ["Room", "choose"]

_GAP = 2
"""Holes of so many lines are filled: a mark would not be shorter."""
_BODY = 2
_FAILURE = 6


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a text may be kept."""

    value: float
    """A line stays when its expected later uses for each token are above this."""
    share: float
    """At most this share of the text stays."""
    lines: int
    """At most so many lines stay."""
    below: int = 0
    """With a line that stays, so many of the lines that follow it and are indented as deep or deeper stay, too."""


def choose(
    page: Page, worth: Mapping[str, float], known: AbstractSet[str], room: Room, *, is_report: bool = False
) -> list[int]:
    """The indexes of the lines to keep, in order. `worth`: the value of each name; names in `known` are elsewhere in
    the request and worth nothing. Of a program's report, lines about errors are kept first."""
    choice = _Choice(page, {name: one for name, one in worth.items() if name not in known}, room)
    if is_report:
        choice.keep_failures()
    return choice.run()


class _Choice:
    def __init__(self, page: Page, fresh: dict[str, float], room: Room) -> None:
        self._page, self._lines, self._room = page, page.lines, room
        self._fresh = fresh
        """What the names are worth that do not stay so far."""
        self._left = room.share * page.cost
        self._kept: set[int] = set()

    def run(self) -> list[int]:
        room, kept, hunks = self._room, self._kept, self._page.hunks(self._room.below)
        worth = [self._worth(line.names) for line in self._lines]
        dense = [one / (line.cost / CHARS_PER_TOKEN + 1) for one, line in zip(worth, self._lines, strict=True)]
        # A line without a name makes no hunk denser than it is without the line, unless others follow it into the hunk.
        all_count = room.below or not room.value
        for at in sorted(range(len(dense)), key=dense.__getitem__, reverse=True):
            if at in kept or not (dense[at] or all_count):
                continue
            hunk = hunks[at]
            needed = room.value * (hunk.cost / CHARS_PER_TOKEN + 1) if kept.isdisjoint(hunk.lines) else 0.0
            if fsum([worth[one] for one in hunk.lines]) < needed:
                continue  # quicker than to count the names once that its lines have in common
            fresh = [one for one in hunk.lines if one not in kept]
            if self._density(fresh) >= room.value:
                self._keep(fresh)
        self._fill()
        return sorted(kept)

    def _worth(self, names: Iterable[str]) -> float:
        """Of all of them that do not stay so far. Summed exactly: lines of the same worth are to be found so, in
        whatever order their names come."""
        return fsum([self._fresh.get(name, 0.0) for name in names])

    def _density(self, hunk: list[int]) -> float:
        """Expected uses for each token of a hunk."""
        cost = sum(self._lines[at].cost for at in hunk) / CHARS_PER_TOKEN + 1
        return self._worth(self._page.names_of(hunk)) / cost

    def _keep(self, hunk: Sequence[int]) -> bool:
        fresh = [at for at in hunk if at not in self._kept]
        cost = sum(self._lines[at].cost for at in fresh)
        too_long = any(self._lines[at].cost > LONGEST for at in fresh)
        if cost > self._left or too_long or len(self._kept) + len(fresh) > self._room.lines:
            return False
        for at in fresh:
            self._stays(at)
        return True

    def _stays(self, at: int) -> None:
        self._left -= self._lines[at].cost
        self._kept.add(at)
        for name in self._lines[at].names:
            self._fresh.pop(name, None)

    def keep_failures(self) -> None:
        """Keep lines about errors, whatever share of the text they are; then the lines below them."""
        short = [at for at in self._page.failures if self._lines[at].cost <= LONGEST]
        for at in short[: self._room.lines]:
            self._stays(at)
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


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
