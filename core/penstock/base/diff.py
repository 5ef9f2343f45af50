"""`changed_lines`: the changed lines between two texts, as a unified diff without its title. Texts of more than 4,000
lines together are not compared: all old lines count as removed, and all new ones as added."""

from __future__ import annotations

from difflib import unified_diff

__all__ = ["LONG", "changed_lines"]

LONG = 4000
"""Texts of more lines are not compared line by line, which would take minutes."""


def changed_lines(old: list[str], new: list[str], context: int = 1) -> list[str]:
    """The lines of a unified difference without its title: each begins with `-`, `+`, a blank or `@`."""
    if len(old) + len(new) > LONG:
        return [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    return list(unified_diff(old, new, lineterm="", n=context))[2:]
