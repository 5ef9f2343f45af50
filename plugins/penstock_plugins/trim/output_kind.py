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
    """Stays whatever it costs."""
    told: int = 1
    """How many lines of the original it tells."""

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
        """`count` as a share of `full`."""
        return self.count(pattern) / self.full if self.full else 0.0


@dataclass(frozen=True)
class Kind:
    """One kind of tool output: how to recognise it, how to repack it, and how to value its lines."""

    name: str
    """What the stub calls it."""
    matches: Callable[[Sight], bool]
    repack: Callable[[ToolOutput], list[Line]]
    """The same content in fewer characters: nothing of it is lost."""
    depth: Callable[[str], int | None] | None = None
    """For a line that others hang from (a file, a hunk, a definition): how deep it stands. None: it is no such line."""
    answer: re.Pattern[str] | None = None
    """Lines the tool was called for: a match, a changed line, a total. They count twice."""
    keep: re.Pattern[str] | None = None
    """Lines that always stay: failures, what can be acted on."""
    noise: re.Pattern[str] | None = None
    """Lines that bring nothing: a passing test, a progress step, a frame of a library."""
    lead: re.Pattern[str] = _NUMBER
    """What stands before a line's words and is no name of its own: a hit's number, an entry's time."""
    sample: Callable[[list[Line]], Sample] | None = None
    """Where many lines are alike: those that stand for the rest. The others are noise."""
    worth: float = 0.25
    """What a line is worth against one of source: those are quoted by edits to come, others are read once."""
    log: bool = False
    """Long ones are cut, with care, in `safe` too."""
    code: bool = False
    """Lines are read in runs: small holes between kept ones are filled."""
    file: bool = False
    """What stands in files, which the agent may be about to edit."""
    addresses: bool = False
    """Its lines are full of web addresses: the beginning that most of them share is told once."""
    least: int = 0
    """Characters below which it stays whole in every setting."""
    again: bool = False
    """The agent gets the same by asking again."""
    loud: bool = True
    """An error-looking line tells of an error however long it is. Not so where sentences only speak of errors."""
