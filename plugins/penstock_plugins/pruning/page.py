"""`Page`: a tool result split into lines (`read_lines`, `Line`), with the names in it (`Name`, `Traits`), lines about
failures (`failures`), and the hunks of lines that belong together (`Hunk`): the analysis that pruning does once for
each text. `hunks.py` chooses the lines to keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from penstock_plugins.pruning.line_names import bare, kinds_in, parts_of

__all__ = ["LONGEST", "Hunk", "Line", "Name", "Page", "Traits", "failures", "read_lines"]

LONGEST = 1_500
"""Characters: longer lines (minified code, embedded data) are never kept."""
_DEFINITION = re.compile(
    r"[+-]?\s*+(?:export |pub |async |public |private |static |default |abstract )*"
    r"(?:func|def|class|type|interface|struct|enum|fn|impl|trait|const|var|function|module|package|#{1,4})(?=[ \t(]|$)"
)
_NAMED = re.compile(r".*\b(?:func|def|class|type|interface|struct|enum|fn|impl|trait|function|module)$")
_DEFINED = re.compile(r"\s+(?:\([^)]{0,200}\)\s*)?([A-Za-z_]\w*)")
_ERROR = re.compile(
    r"\b(?:error|fail(?:ed|ures?)?|panic|fatal|exception|traceback|undefined|cannot|not found|denied|refused"
    r"|timed? ?out)\b|^\s*+---\s+FAIL|✗|❌",
    re.IGNORECASE,
)
_ERROR_TYPE = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Fault)\b|\bE\d{3,4}\b|\bSIG[A-Z]{3,}\b")
_DIGITS = re.compile(r"\d+")
_LONG_NAME = 24
_GROUP = re.compile(r"(?!\d+[→\t:-])\S.*:$")
_LINE_BYTES, _NAME_BYTES = 550, 350
"""About the bytes of memory that a line and one of its names take, with all that is derived from them."""


class Line(NamedTuple):
    """One line of a text."""

    text: str
    names: dict[str, str]
    """The names in the line, each with its kind."""
    defines: bool
    """Whether the line begins a function, a class or a section."""
    defined: str
    """The name that it defines, if others may look for it: no variable's."""
    indent: int
    """Blanks before its first character, a line number in the margin left out."""
    cost: int
    """The number of its characters, its end included."""


def read_lines(text: str) -> list[Line]:
    """The lines of `text`; of very long ones only the beginning is searched for names."""
    return [_line(line) for line in text.split("\n")]


def failures(lines: Sequence[Line]) -> list[int]:
    """Indexes of the lines in a program's report that look like errors, each wording once."""
    first: dict[str, int] = {}
    for at, line in enumerate(lines):
        text = line.text[:LONGEST]
        if _ERROR.search(text) is not None or _ERROR_TYPE.search(text) is not None:
            first.setdefault(_DIGITS.sub("0", text.strip()), at)
    return list(first.values())


class Traits(NamedTuple):
    """The properties of a name that its score depends on, whatever the agent wrote."""

    kind: str
    """The name's kind, as where it first occurs."""
    is_long: bool
    is_defined: bool
    """Whether one of its lines begins a definition or section."""
    in_capitals: bool
    lines: int
    """The number of lines in which it occurs."""


class Name(NamedTuple):
    """A name in a page, and where it is."""

    traits: Traits
    at: tuple[int, ...]
    """Indexes of the lines in which it occurs."""
    parts: tuple[str, ...]
    """The words that it is made of, in lower case."""


class Hunk(NamedTuple):
    """Lines that are kept or dropped together."""

    lines: tuple[int, ...]
    cost: int


class Page:
    """A text split into lines; everything else is computed when first asked for."""

    def __init__(self, text: str) -> None:
        self.lines = read_lines(text)
        self.cost = sum(line.cost for line in self.lines)
        self._hunks: dict[int, list[Hunk]] = {}

    def __sizeof__(self) -> int:
        return sum(_LINE_BYTES + _NAME_BYTES * len(line.names) for line in self.lines)

    @cached_property
    def names(self) -> dict[str, Name]:
        """All names in the text."""
        places: dict[str, list[int]] = {}
        for at, line in enumerate(self.lines):
            for name in line.names:
                places.setdefault(name, []).append(at)
        known: dict[Traits, Traits] = {}
        return {name: self._name(name, at, known) for name, at in places.items()}

    @cached_property
    def alike(self) -> dict[Traits, list[str]]:
        """The names grouped by their traits."""
        found: dict[Traits, list[str]] = {}
        for name, one in self.names.items():
            found.setdefault(one.traits, []).append(name)
        return found

    @cached_property
    def by_part(self) -> dict[str, list[str]]:
        """For each word, the names that contain it, as often as they do."""
        found: dict[str, list[str]] = {}
        for name, one in self.names.items():
            for part in one.parts:
                found.setdefault(part, []).append(name)
        return found

    @cached_property
    def failures(self) -> list[int]:
        """Indexes of the lines that look like errors."""
        return failures(self.lines)

    def hunks(self, below: int) -> list[Hunk]:
        """For each line a hunk: the line itself, its head, and at most `below` lines that follow and belong to it."""
        if below not in self._hunks:
            self._hunks[below] = [self._hunk(at, below) for at in range(len(self.lines))]
        return self._hunks[below]

    def names_of(self, lines: Iterable[int]) -> set[str]:
        """The names in the lines with these indexes."""
        return {name for at in lines for name in self.lines[at].names}

    def _hunk(self, at: int, below: int) -> Hunk:
        last = at
        while last < at + below and self._joins(last + 1, at):
            last += 1
        head = self.heads[at]
        lines = (*(() if head is None else (head,)), *range(at, last + 1))
        return Hunk(lines, sum(self.lines[one].cost for one in lines))

    def _joins(self, other: int, at: int) -> bool:
        if other >= len(self.lines):
            return False
        line = self.lines[other]
        return bool(line.text.strip()) and line.indent >= self.lines[at].indent and line.cost <= LONGEST

    @cached_property
    def heads(self) -> list[int | None]:
        """For each line the index of its head: a hit's file, a statement's definition."""
        heads: list[int | None] = []
        group: int | None = None
        definitions: list[int] = []
        for at, line in enumerate(self.lines):
            if _GROUP.match(line.text):
                group = at
            elif not line.text[:1].isspace():
                group = None
            if line.text.strip():
                while definitions and self.lines[definitions[-1]].indent >= line.indent:
                    definitions.pop()
            heads.append(group if group not in (None, at) else definitions[-1] if definitions else None)
            if line.defines:
                definitions.append(at)
        return heads

    def _name(self, name: str, at: list[int], known: dict[Traits, Traits]) -> Name:
        kind, is_defined = self.lines[at[0]].names[name], any(self.lines[one].defines for one in at)
        traits = Traits(kind, len(name) > _LONG_NAME, is_defined, name.isupper(), len(at))
        parts = tuple([part.lower() for part in parts_of(name)])
        return Name(known.setdefault(traits, traits), tuple(at), parts)


_BLANK = Line("", {}, False, "", 0, 1)


def _line(line: str) -> Line:
    if not line:
        return _BLANK
    body = bare(line)
    definition = _DEFINITION.match(body)
    named = None
    if definition is not None and _NAMED.match(definition[0]):
        named = _DEFINED.match(body, definition.end())
    text = line.rstrip()
    shown = bare(text)
    indent = len(shown) - len(shown.lstrip())
    return Line(text, kinds_in(body), definition is not None, named[1] if named else "", indent, len(text) + 1)
