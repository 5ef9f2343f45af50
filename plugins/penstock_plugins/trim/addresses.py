"""`fold_addresses`: shortens web addresses in a tool output: replaces the prefix that three or more of them share, and
that saves most, by `…/`, and states it once. `unfold_addresses` is the inverse.

Paths of files are not shortened: the agent refers to files by them.
"""

from __future__ import annotations

import re
from collections import Counter

from penstock_plugins.trim.names import LINE_LIMIT, is_error
from penstock_plugins.trim.output_kind import Line

__all__ = ["fold_addresses", "unfold_addresses"]

_SIGN = "…/"
_ADDRESS = re.compile(r"\b[a-z]{2,6}://(?:[\w.@~+:-]++/)++")
_SAID = re.compile(r"\[…/ is (\S+)\]$")
_LEAST = 3
"""Addresses that must share a beginning."""
_DEPTH = 8
"""Slashes of an address that are looked at."""


def fold_addresses(lines: list[Line]) -> list[Line]:
    """The lines with the shared prefix of their addresses replaced, below one that states it. Lines about an error keep
    theirs: a reader looks for the whole line. `unfold_addresses` restores the lines."""
    if any(_SIGN in line.text for line in lines):
        return lines
    found = [None if is_error(line.text) else _ADDRESS.search(line.text[:LINE_LIMIT]) for line in lines]
    counts = Counter(beginning for address in found if address is not None for beginning in _beginnings(address[0]))
    gain = {one: (count - 1) * (len(one) - len(_SIGN)) for one, count in counts.items() if count >= _LEAST}
    best = max(gain, key=lambda one: (gain[one], one), default="")
    if not best:
        return lines
    out = [Line(f"[{_SIGN} is {best}]", must=True, told=0)]
    for line, address in zip(lines, found, strict=True):
        if address is not None and address[0].startswith(best):
            text = line.text[: address.start()] + _SIGN + line.text[address.start() + len(best) :]
            out.append(Line(text, line.margin, line.must, line.told))
        else:
            out.append(line)
    return out


def unfold_addresses(lines: list[str]) -> list[str]:
    """The lines as they were before `fold_addresses`."""
    said = _SAID.match(lines[0]) if lines else None
    return [line.replace(_SIGN, said[1], 1) for line in lines[1:]] if said else lines


def _beginnings(address: str) -> list[str]:
    slashes = [found.end() for found in re.finditer("/", address)][2:_DEPTH]
    return [address[:end] for end in slashes]
