"""`choose`: selects the lines of a new tool output to keep (`Choice`): those that must stay, such as errors, and others
by their relevance to the agent's question against their length.

Where a line is removed, the names in it are still listed, so keeping it costs only its tokens beyond those names. Its
value is that of its words, higher near the question. Lines with a value per token above a fixed price are kept. There
is no budget per output: a short dense output stays whole, a long one is reduced to what is relevant and to names.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from penstock import KnownContent, ToolOutput
from penstock_plugins.trim.kinds.echo import strings
from penstock_plugins.trim.names import is_error, is_fault, names_in, names_of, words_in
from penstock_plugins.trim.near import nearness
from penstock_plugins.trim.output_kind import Kind, Line
from penstock_plugins.trim.samples import Sample

__all__ = ["Choice", "choose"]

_TELLING = 24
"""Characters from which a line's words count: shorter ones are brackets and blanks."""
_ERROR_LENGTH = 300
_LOOK = 2_000
"""Characters of a line that are matched."""
_ASKED = 4_000
"""Characters of the question and of the tool's input that are read."""
_LONGEST = 80
"""Characters of a name that is told of a hole."""
_NEAR = 1
"""What the block closest to the question adds to a line's worth, as a share of it."""
_RANGE = 2
"""Factor in a range of lines that the agent asked for."""
_ANSWER = 2
"""Factor for what the tool was called for."""
_HOLE = 3
"""Tokens of a hole that is not worth its mark; thrice that in code, where lines are read in runs."""


@dataclass(frozen=True)
class Choice:
    """The lines of an output that are kept, and the new names in each line."""

    keep: set[int]
    """Indexes of the lines that stay."""
    names: list[list[str]]
    """For each line, its names that the request does not have yet, in their order."""


def choose(lines: Sequence[Line], kind: Kind, price: float, output: ToolOutput, sample: Sample, ranged: bool) -> Choice:
    """Keep the lines that must stay, those worth their length, and those needed to place them."""
    names, worth = _value(lines, kind, output, sample, _RANGE if ranged else 1)
    keep = {index for index, line in enumerate(lines) if line.must} | sample.shown | {0, len(lines) - 1}
    _buy(lines, names, worth, keep, price)
    _add_heads(lines, kind, keep)
    _fill_holes(lines, keep, _HOLE * (3 if kind.code else 1))
    return Choice(keep, names)


def _value(
    lines: Sequence[Line], kind: Kind, output: ToolOutput, sample: Sample, factor: float
) -> tuple[list[list[str]], list[float]]:
    """The names in each line that are not known yet, and the value of its words. Marks the lines that must stay."""
    seen = output.seen() if output.seen is not None else KnownContent()
    asked = " ".join(strings(dict(output.input)))[:_ASKED] + " " + output.question[:_ASKED]
    known = names_in(asked) | seen.names
    close = nearness(lines, words_in(asked), lambda text: kind.depth is not None and kind.depth(text) is not None)
    names: list[list[str]] = []
    worth: list[float] = []
    inside = False
    for index, (line, near) in enumerate(zip(lines, close, strict=True)):
        text, head = line.text.strip(), line.text[:_LOOK]
        dull = (index in sample.covered and index not in sample.shown) or _is_noise(head, kind, asked)
        lead = kind.lead.match(head)
        bare = head[lead.end() :] if lead else head
        names.append([] if dull else [name for name in names_of(bare) if name not in known and len(name) <= _LONGEST])
        tells = len(text) >= _TELLING and not dull and text not in seen.lines
        own = factor * kind.worth * (1 + _NEAR * near) if tells else 0.0
        if kind.answer and kind.answer.match(head):
            own *= _ANSWER
        worth.append(own)
        inside = inside or text.startswith("<system-reminder>")
        # The client's own words are not ours to cut; nor is what went wrong.
        line.must = line.must or inside or _went_wrong(text, kind) or bool(kind.keep and kind.keep.match(head))
        inside = inside and not text.endswith("</system-reminder>")
    return names, worth


def _is_noise(head: str, kind: Kind, asked: str) -> bool:
    """Whether a line is noise; not if it is the very thing asked for, like a vendored folder listed by its name."""
    found = kind.noise.match(head) if kind.noise else None
    return found is not None and not (found.lastindex and found[1] in asked)


def _cost(line: Line) -> float:
    """About how many tokens the line takes."""
    return len(line.text) / 3.4 + 1 + (0.5 if line.margin else 0)


def _went_wrong(text: str, kind: Kind) -> bool:
    if kind.loud:
        return is_error(text) or is_fault(text)
    return len(text) < _ERROR_LENGTH and is_error(text)


def _buy(lines: Sequence[Line], names: list[list[str]], worth: list[float], keep: set[int], floor: float) -> None:
    """Greedy selection: the line with the highest value first; its names then no longer count for the others."""
    shown = {name for index in keep for name in names[index]}

    def price(index: int) -> float:
        told = sum(len(name) / 3.4 + 0.3 for name in names[index] if name not in shown)
        return worth[index] / max(1.0, _cost(lines[index]) - told)

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
        shown.update(names[index])


def _add_heads(lines: Sequence[Line], kind: Kind, keep: set[int]) -> None:
    """Add the file, hunk, heading, definition or parent without which a kept line cannot be placed."""
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
    """Fill small gaps: the mark of a gap costs tokens, too, and interrupts the reader."""
    for before, after in pairwise(sorted(keep)):
        hole = range(before + 1, after)
        if 0 < len(hole) <= 4 and sum(_cost(lines[index]) for index in hole) <= worth:
            keep.update(hole)
