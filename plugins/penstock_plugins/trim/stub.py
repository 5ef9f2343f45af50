"""How a cut output is written: what it is, how much of it is left, where the holes are, how to see the rest."""

from __future__ import annotations

from collections.abc import Sequence

from penstock import handle_of
from penstock_plugins.trim.page import Kind, Line

__all__ = ["write"]


def write(
    lines: Sequence[Line], keep: set[int], kind: Kind, said: Sequence[str], original: str, total: int, number: int
) -> str:
    """The kept lines below one that says what is missing. Where lines have numbers, a jump in them is the hole's
    mark, and most of those that follow on lose theirs; elsewhere `…n` stands for n lines."""
    out: list[str] = []
    hole = 0
    left = 0
    for index, line in enumerate(lines):
        if index not in keep:
            hole += line.told
            continue
        if hole:
            left += hole
            if not line.margin:
                out.append(f"…{hole}")
        first = hole > 0 or not out
        hole = 0
        bare = line.margin and not first and not line.must and int(line.margin[:-1]) % number
        out.append(line.text if bare else str(line))
    numbered = lines[0].margin != ""
    marks = "gaps where numbers jump, lines without one follow on" if numbered else "the others left out at …n"
    size = f"{total - left} of {total} lines"
    head = f"[{kind.name}: {size}; {marks}; see all: expand {handle_of(original)}]"
    return "\n".join([head, *(f"[{sentence}]" for sentence in said), *out])
