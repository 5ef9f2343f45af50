"""Reads what a provider reports, from JSON of any shape and within bounds: token counts (`count`), money (`dollars`),
objects (`mapping`), lists of objects (`objects`) and short texts (`line`). `bounded` checks a whole `Usage`. Never
raises.

A number of tokens is a whole number from 0 on. What is anything else (a string, a fraction, true, a negative number)
counts as not said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import islice
from typing import Any

from penstock.conversation.reply import Usage

__all__ = ["MOST_DOLLARS", "MOST_TOKENS", "bounded", "count", "dollars", "line", "mapping", "objects"]

MOST_TOKENS = 100_000_000
"""Tokens. No request has more, so that no answer can use up a budget by what it claims."""
MOST_DOLLARS = 10_000.0
"""Dollars. No request costs more."""
MOST_PASSES = 1000
"""Entries of a list that are read."""
LONGEST_LINE = 120
"""Characters of a provider's own words that are kept."""
_COUNTS = ("input", "output", "cache_read", "cache_write", "cache_write_hour")
_FLAGS = tuple(f.name for f in fields(Usage) if f.name.startswith("is_"))
_EMPTY: Mapping[str, Any] = {}


def count(value: object) -> int | None:
    """`value` as a number of tokens, at most `MOST_TOKENS`. None: it is not one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, MOST_TOKENS)


def dollars(value: object) -> float | None:
    """`value` as an amount in dollars, at most `MOST_DOLLARS`. None: it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        return None
    return min(float(value), MOST_DOLLARS)


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else _EMPTY


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects in a list, the first `MOST_PASSES` of them; none if `value` is no list."""
    found = (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())
    return islice(found, MOST_PASSES)


def line(value: object) -> str:
    """A string of the provider on one line, cut, without lone surrogates; empty if `value` is no string."""
    if not isinstance(value, str):
        return ""
    return " ".join(value[:LONGEST_LINE].encode("utf-8", "replace").decode().split())


def bounded(usage: object) -> Usage:
    """A copy of `usage` with every figure valid and within bounds, whatever a plugin's dialect put into it."""
    if not isinstance(usage, Usage):
        return Usage()
    counts: dict[str, Any] = {name: count(getattr(usage, name)) for name in _COUNTS}
    hour, written = counts["cache_write_hour"], counts["cache_write"]
    if hour is not None:
        counts["cache_write_hour"] = min(hour, written or 0)
    others = usage.others if isinstance(usage.others, tuple) else ()
    return replace(
        usage,
        **counts,
        passes=max(1, count(usage.passes) or 1),
        searches=count(usage.searches) or 0,
        cleared=count(usage.cleared) or 0,
        dollars=dollars(usage.dollars),
        model=line(usage.model),
        others=tuple(replace(bounded(one), others=()) for one in others[:MOST_PASSES]),
        **{name: getattr(usage, name) is True for name in _FLAGS},
    )
