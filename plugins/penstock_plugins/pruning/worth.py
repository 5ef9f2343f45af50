"""`chances`: for each name in an old tool result that the agent has not written yet, the probability that it will.
Lines are valued by it.

A logistic model of one name in one result: will the agent, which has not written this name so far, write it later? The
weights were fitted on 23 recorded sessions of a coding agent (2,101 calls, about 60,000 names, 5 % of them written
later); on sessions left out of the fit it ranks a name that is needed above one that is not in 73 to 77 of 100 cases.
The strongest features: names of a result that the agent has used already are seldom needed again, nor are hits of a
search and bare numbers; names made of words that it just wrote are needed often.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.line_names import LINE_LIMIT
from penstock_plugins.pruning.page import Page, Traits

__all__ = ["chances"]

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


def chances(history: History, result: Result, page: Page) -> dict[str, float]:
    """For each name in `page` that the agent has not written: the probability, 0 to 1, that it will."""
    said = page.names.keys() & history.said
    base = (
        _BIAS
        + _BY_KIND.get(result.kind, 0.0)
        + _WEIGHT["log age"] * math.log(max(1, history.age(result)))
        + _WEIGHT["share used"] * (len(said) / max(1, len(page.names)))
        + (_WEIGHT["file just named"] if _just_named(result, history.recent) else 0.0)
    )
    out: dict[str, float] = {}
    for traits, names in page.alike.items():
        out.update(dict.fromkeys(names, _logistic(base + _score(traits))))
    known: dict[tuple[Traits, bool, bool, float], float] = {}
    for name, drawn in _drawn_on(page, history):
        if drawn not in known:
            known[drawn] = _logistic(base + _score(*drawn))
        out[name] = known[drawn]
    for name in said:
        del out[name]
    return out


def _drawn_on(page: Page, history: History) -> Iterator[tuple[str, tuple[Traits, bool, bool, float]]]:
    """The names that relate to what the agent wrote recently, as `_score` takes them: all others score as if nothing
    had been written."""
    lines, names = page.lines, page.names
    here = {at for name in names.keys() & history.recent for at in names[name].at}
    around = {at for one in here for at in range(max(0, one - _NEAR), min(len(lines), one + _NEAR + 1))}
    recent = {name for at in here for name in lines[at].names}
    near = {name for at in around for name in lines[at].names}
    parts = Counter(name for part in page.by_part.keys() & history.recent_parts for name in page.by_part[part])
    for name in near | parts.keys():
        one = names[name]
        yield name, (one.traits, name in recent, name in near, parts[name] / max(1, len(one.parts)))


def _score(traits: Traits, recent: bool = False, near: bool = False, known: float = 0.0) -> float:
    """`recent`, `near`: the agent recently wrote another name of the same line, or of one near it. `known`: the share
    of the name's words that it wrote."""
    return (
        _WEIGHT.get(traits.kind, 0.0)
        + _WEIGHT["long"] * traits.is_long
        + _WEIGHT["defined"] * traits.is_defined
        + _WEIGHT["in a recent line"] * recent
        + _WEIGHT["near a recent line"] * near
        + _WEIGHT["word parts said"] * known
        + _WEIGHT["in capitals"] * traits.in_capitals
        + _WEIGHT["log count"] * math.log(traits.lines)
    )


def _just_named(result: Result, recent: Iterable[str]) -> bool:
    base = (result.path or result.target)[:LINE_LIMIT].rpartition("/")[2]
    return bool(base) and any(base in name for name in recent)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
