"""`finite` (`all_finite` for an option that can be repeated): the callback of numeric command options that refuses
`nan` and `inf`; and `MOST`, the largest count one can ask for."""

from __future__ import annotations

import math

import typer

__all__ = ["MOST", "all_finite", "finite"]

MOST = 1_000_000
"""The most rows that a command that lists something can be asked for."""


def finite(number: float | None) -> float | None:
    """The callback of an option. A typer range lets `nan` pass, and one without an end `inf`."""
    if number is not None and not math.isfinite(number):
        raise typer.BadParameter(f"a finite number was expected, not {number}")
    return number


def all_finite(numbers: list[float] | None) -> list[float] | None:
    """All numbers of an option that can be repeated. Raises `BadParameter` as `finite` does."""
    for number in numbers or ():
        finite(number)
    return numbers
