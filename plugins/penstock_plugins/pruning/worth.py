"""What a line of an old result is worth: how often the agent will probably come back to the names in it.

A logistic model of one name in one result: will the agent, which has not written this name so far, write it later?
The weights were fitted on 23 recorded sessions of a coding agent (2,101 calls, about 60,000 names, 5 % of them written
later); on sessions left out of the fit it ranks a name that is needed above one that is not in 73 to 77 of 100 cases.
What tells most: a result that was drawn on already is done with; hits of a search and bare numbers are seldom needed;
names made of words that the agent just used are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.needles import LINE_LIMIT, bare, kinds_in, parts_of
from penstock_plugins.pruning.tools import ToolKind

__all__ = ["Line", "chances", "read_lines"]

_DEFINITION = re.compile(
    r"[+-]?\s*(?:export |pub |async |public |private |static |default |abstract )*"
    r"(?:func|def|class|type|interface|struct|enum|fn|impl|trait|const|var|function|module|package|#{1,4})(?=[ \t(]|$)"
)
_NAMED = re.compile(r".*\b(?:func|def|class|type|interface|struct|enum|fn|impl|trait|function|module)$")
_DEFINED = re.compile(r"\s+(?:\([^)]{0,200}\)\s*)?([A-Za-z_]\w*)")
_LONG_NAME = 24
_NEAR = 3
_BIAS = -1.55
_WEIGHT = {
    "hex": -1.242,
    "number": -1.45,
    "long": -0.929,
    "defined": -0.196,
    "in a recent line": -0.059 + 0.252,
    "near a recent line": 0.2,
    "word parts said": 0.368,
    "in capitals": 0.254,
    "log count": 0.36,
    "log age": -0.131,
    "share used": -5.249,
    "file just named": 0.242,
}
_BY_KIND = {ToolKind.READ: -0.754, ToolKind.SEARCH: -2.169, ToolKind.RUN: -0.572, ToolKind.AGENT: 0.264}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a result."""

    text: str
    names: dict[str, str]
    """Each with its kind."""
    defines: bool
    """It begins a function, a class, a section."""
    defined: str
    """The name it gives, if it is one that others look for: no variable's."""

    @property
    def indent(self) -> int:
        """Blanks before its first character, a line number in the margin left out."""
        body = bare(self.text)
        return len(body) - len(body.lstrip())

    @property
    def cost(self) -> int:
        """Characters it takes, its end included."""
        return len(self.text) + 1


def read_lines(text: str) -> list[Line]:
    """`text` by its lines, of the longest only the beginning searched for names."""
    return [_line(line) for line in text.split("\n")]


def _line(line: str) -> Line:
    body = bare(line)
    definition = _DEFINITION.match(body)
    named = None
    if definition is not None and _NAMED.match(definition[0]):
        named = _DEFINED.match(body, definition.end())
    return Line(line.rstrip(), kinds_in(body), definition is not None, named[1] if named else "")


@dataclass(slots=True)
class _Seen:
    """What is known about one name in one result."""

    kind: str
    count: int = 0
    defined: bool = False
    recent: bool = False
    near: bool = False


def chances(history: History, result: Result, lines: list[Line]) -> dict[str, float]:
    """For each name in `lines` that the agent has not written: the chance that it will."""
    seen = _look(lines, history)
    parts = history.recent_parts
    every: set[str] = set().union(*(line.names for line in lines))
    used = len(every & history.said) / max(1, len(every))
    base = (
        _BIAS
        + _BY_KIND.get(result.kind, 0.0)
        + _WEIGHT["log age"] * math.log(max(1, history.age(result)))
        + _WEIGHT["share used"] * used
        + (_WEIGHT["file just named"] if _just_named(result, history.recent) else 0.0)
    )
    return {name: _logistic(base + _score(name, one, parts)) for name, one in seen.items()}


def _look(lines: list[Line], history: History) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    recent = [not history.recent.isdisjoint(line.names) for line in lines]
    for at, line in enumerate(lines):
        near = any(recent[max(0, at - _NEAR) : at + _NEAR + 1]) if line.names else False
        for name, kind in line.names.items():
            if name in history.said:
                continue
            one = seen.setdefault(name, _Seen(kind))
            one.count += 1
            one.defined |= line.defines
            one.recent |= recent[at]
            one.near |= near
    return seen


def _score(name: str, seen: _Seen, said: Collection[str]) -> float:
    parts = parts_of(name)
    known = sum(part.lower() in said for part in parts) / max(1, len(parts))
    return (
        _WEIGHT.get(seen.kind, 0.0)
        + _WEIGHT["long"] * (len(name) > _LONG_NAME)
        + _WEIGHT["defined"] * seen.defined
        + _WEIGHT["in a recent line"] * seen.recent
        + _WEIGHT["near a recent line"] * seen.near
        + _WEIGHT["word parts said"] * known
        + _WEIGHT["in capitals"] * name.isupper()
        + _WEIGHT["log count"] * math.log(seen.count)
    )


def _just_named(result: Result, recent: Iterable[str]) -> bool:
    base = (result.path or result.target)[:LINE_LIMIT].rpartition("/")[2]
    return bool(base) and any(base in name for name in recent)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
