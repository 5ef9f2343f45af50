"""Which lines stay.

A line is worth the names it is the first kept line to show, plus a little for its own words, more near to the
question; its price is that worth over its tokens. Lines above a fixed price stay: no budget per output, so a dense
short one stays whole and a long repetitive one shrinks to its vocabulary.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from itertools import pairwise

from penstock import Seen, ToolOutput
from penstock_plugins.trim.kinds.echo import strings
from penstock_plugins.trim.level import Level
from penstock_plugins.trim.names import is_error, is_fault, names_in, words_in
from penstock_plugins.trim.near import nearness
from penstock_plugins.trim.page import Kind, Line
from penstock_plugins.trim.samples import Sample

__all__ = ["choose", "cost"]

_TELLING = 24
"""Characters from which a line's words count: shorter ones are brackets and blanks."""
_ERROR_LENGTH = 300
_LOOK = 2_000
"""Characters of a line that are matched."""
_ASKED = 4_000
"""Characters of the question and of the tool's input that are read."""


def cost(line: Line) -> float:
    """About how many tokens the line takes."""
    return len(line.text) / 3.4 + 1 + (0.5 if line.margin else 0)


def choose(
    lines: Sequence[Line], kind: Kind, level: Level, output: ToolOutput, sample: Sample, ranged: bool
) -> set[int]:
    """Indexes of the lines that stay: those that must, those worth their price, and those they hang from."""
    news = _News(lines, kind, level, output, sample, ranged)
    keep = {index for index, line in enumerate(lines) if line.must} | sample.shown | {0, len(lines) - 1}
    _buy(lines, news, keep, level.price)
    _add_heads(lines, kind, keep)
    if kind.code:
        _add_bodies(lines, kind, keep, level.body)
    _fill_holes(lines, keep, level.hole * (3 if kind.code else 1))
    return keep


class _News:
    """What each line would bring."""

    def __init__(
        self, lines: Sequence[Line], kind: Kind, level: Level, output: ToolOutput, sample: Sample, ranged: bool
    ) -> None:
        seen = output.seen or Seen()
        asked = " ".join(strings(dict(output.input)))[:_ASKED] + " " + output.question[:_ASKED]
        known = names_in(asked) | seen.names
        words = words_in(asked)
        close = nearness(lines, words, lambda text: kind.depth is not None and kind.depth(text) is not None)
        self.names: list[set[str]] = []
        self.worth: list[float] = []
        self.a_name = kind.name_worth
        inside = False
        for index, (line, near) in enumerate(zip(lines, close, strict=True)):
            text, head = line.text.strip(), line.text[:_LOOK]
            dull = (index in sample.covered and index not in sample.shown) or bool(
                kind.noise and kind.noise.match(head)
            )
            self.names.append(set() if dull else names_in(line.text) - known)
            own = 0.0
            if len(text) >= _TELLING and not dull and text not in seen.lines:
                hits = len(words & words_in(text))
                own = level.words * (1 + level.hit * math.log1p(hits) + level.near * near)
                own *= level.asked if ranged else 1
            if kind.bonus and kind.bonus.match(head):
                own += level.bonus
            if kind.answer and not dull and text and kind.answer.match(head):
                own += level.answer
            self.worth.append(own)
            inside = inside or text.startswith("<system-reminder>")
            # The client's own words are not ours to cut; nor is what went wrong.
            line.must = line.must or inside or _went_wrong(text, kind) or bool(kind.keep and kind.keep.match(head))
            inside = inside and not text.endswith("</system-reminder>")
        if kind.code and level.blur:
            self._blur(lines, level.blur)

    def _blur(self, lines: Sequence[Line], share: float) -> None:
        full = [worth + self.a_name * len(names) for worth, names in zip(self.worth, self.names, strict=True)]
        for index in range(len(lines)):
            around = full[max(0, index - 2) : index] + full[index + 1 : index + 3]
            self.worth[index] += share * sum(around) / 4


def _went_wrong(text: str, kind: Kind) -> bool:
    if kind.loud:
        return is_error(text) or is_fault(text)
    return len(text) < _ERROR_LENGTH and is_error(text)


def _buy(lines: Sequence[Line], news: _News, keep: set[int], floor: float) -> None:
    """Greedily: the dearest line first, and again with what it showed taken from the others."""
    shown: set[str] = set()
    for index in keep:
        shown |= news.names[index]

    def price(index: int) -> float:
        return (news.worth[index] + news.a_name * len(news.names[index] - shown)) / cost(lines[index])

    heap = [(-value, index) for index in range(len(lines)) if index not in keep and (value := price(index)) >= floor]
    heapq.heapify(heap)
    while heap:
        _, index = heapq.heappop(heap)
        value = price(index)
        if value < floor:
            continue
        if heap and value < -heap[0][0]:
            heapq.heappush(heap, (-value, index))
            continue
        keep.add(index)
        shown |= news.names[index]


def _add_bodies(lines: Sequence[Line], kind: Kind, keep: set[int], count: int) -> None:
    """A definition is read with the first lines of its body."""
    if kind.depth is None or not count:
        return
    for index in sorted(keep):
        if kind.depth(lines[index].text) is not None:
            keep.update(range(index + 1, min(index + 1 + count, len(lines))))


def _add_heads(lines: Sequence[Line], kind: Kind, keep: set[int]) -> None:
    """The file, hunk, heading, definition or parent without which a kept line cannot be placed."""
    if kind.depth is None:
        return
    above: list[int] = []
    stack: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        depth = kind.depth(line.text)
        while depth is not None and stack and stack[-1][0] >= depth:
            stack.pop()
        above.append(stack[-1][1] if stack else -1)
        if depth is not None:
            stack.append((depth, index))
    for index in sorted(keep):
        head = above[index]
        while head >= 0 and head not in keep:
            keep.add(head)
            head = above[head]


def _fill_holes(lines: Sequence[Line], keep: set[int], worth: float) -> None:
    """A hole costs its mark and a reader's halt: small ones are filled."""
    for before, after in pairwise(sorted(keep)):
        hole = range(before + 1, after)
        if 0 < len(hole) <= 4 and sum(cost(lines[index]) for index in hole) <= worth:
            keep.update(hole)
