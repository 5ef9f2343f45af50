"""`Line`, one line of a tool output as it would be sent; `Sight`, what a kind looks at to recognise an output; `Kind`,
how a kind of output is recognised, repacked and valued. The kinds are in `kinds/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from penstock import ToolOutput
from penstock_plugins.common.commands import Shown, command_of, shown_by
from penstock_plugins.common.margin import margin_of
from penstock_plugins.common.tool_calls import kind_of
from penstock_plugins.trim.samples import Sample

__all__ = ["Kind", "Line", "Sight", "plain"]

_NUMBER = re.compile(r"\d+[:-]")
_DIGITS = re.compile(r"\d+")


@dataclass(slots=True)
class Line:
    """One line as it would be sent."""

    text: str
    margin: str = ""
    """The line's own number with its separator, as the tool gave it."""
    must: bool = False
    """Whether it stays whatever it costs."""
    told: int = 1
    """The number of lines of the original that it stands for."""

    def __str__(self) -> str:
        return self.margin + self.text

    @property
    def number(self) -> int:
        """The line number in its margin; 0 where there is none."""
        if (digits := self.margin[:-1]).isdigit():
            return int(digits)
        found = _DIGITS.search(self.margin)
        return int(found[0]) if found else 0


def plain(lines: Iterable[str]) -> list[Line]:
    return [Line(line) for line in lines]


class Sight:
    """What a kind may look at to recognise an output: the output itself, its beginning, and its call."""

    def __init__(self, output: ToolOutput, around: str = "") -> None:
        self.output, self.around = output, around
        self.head = output.text[:4_000]
        self.lines = self.head.splitlines()
        self.command = command_of(output.input)
        self.tool = kind_of(output.tool)

    def count(self, pattern: re.Pattern[str]) -> int:
        """The number of lines of the beginning whose start the pattern matches."""
        return sum(pattern.match(line) is not None for line in self.lines)

    @cached_property
    def shown(self) -> frozenset[Shown]:
        """What the command prints; empty where the call runs none."""
        return shown_by(self.command)

    @cached_property
    def margin(self) -> re.Pattern[str] | None:
        """The pattern of the line numbers before most lines of the beginning."""
        return margin_of(self.lines)

    @cached_property
    def full(self) -> int:
        """The number of lines of the beginning that are not blank."""
        return sum(bool(line.strip()) for line in self.lines)

    def share(self, pattern: re.Pattern[str]) -> float:
        """The lines that `pattern` matches, as a share of the lines that are not blank."""
        return self.count(pattern) / self.full if self.full else 0.0


@dataclass(frozen=True)
class Kind:
    """One kind of tool output: how to recognise it, how to repack it, and how to value its lines."""

    name: str
    """The kind's name in stubs."""
    matches: Callable[[Sight], bool]
    repack: Callable[[ToolOutput], list[Line]]
    """Writes the same content in fewer characters: nothing of it is lost."""
    depth: Callable[[str], int | None] | None = None
    """The depth of a line that heads others (a file, a hunk, a definition). None: it heads none."""
    answer: re.Pattern[str] | None = None
    """Lines the tool was called for: a match, a changed line, a total. They count twice."""
    keep: re.Pattern[str] | None = None
    """Lines that always stay: failures, what can be acted on."""
    noise: re.Pattern[str] | None = None
    """Lines that bring nothing: a passing test, a progress step, a frame of a library."""
    lead: re.Pattern[str] = _NUMBER
    """Matches what stands before a line's words and is no name of its own: a hit's number, an entry's time."""
    sample: Callable[[list[Line]], Sample] | None = None
    """For outputs of many similar lines: chooses those that represent the others, which then count as noise."""
    worth: float = 0.25
    """The value of a line, relative to one of source code: those are quoted by later edits, others are read once."""
    log: bool = False
    """Whether long outputs are cut, with care, in `safe` too."""
    code: bool = False
    """Whether lines are read in runs: small gaps between kept ones are then filled."""
    file: bool = False
    """Whether it is the content of files, which the agent may be about to edit."""
    addresses: bool = False
    """Whether its lines are full of web addresses: the prefix that most of them share is then written once."""
    least: int = 0
    """The number of characters below which an output stays whole in every setting."""
    again: bool = False
    """Whether the agent gets the same by repeating the call."""
    loud: bool = True
    """Whether a line that looks like an error is one, however long it is. False where sentences only speak of
    errors."""
