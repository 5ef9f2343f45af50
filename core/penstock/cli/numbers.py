"""`between` and `finite`: callbacks of numeric command options, which refuse `nan` and what is too small or too large;
and `MOST`, the largest count one can ask for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import typer

__all__ = ["MOST", "between", "finite"]

MOST = 1_000_000
"""The most rows that a command that lists something can be asked for."""


def between(least: float, most: float) -> Callable[[Any], Any]:
    """The callback of an option, also of one that can be repeated. The `min` and `max` of an option would say of `nan`
    only that it should be more."""

    def checked(given: Any) -> Any:
        for number in given if isinstance(given, list) else [given]:
            if number is not None and not least <= number <= most:
                raise typer.BadParameter(f"a number from {least:g} to {most:,.0f} was expected, not {number:g}")
        return given

    return checked


def finite(number: float | None) -> float | None:
    """The callback of an option. A typer range lets `nan` pass, and one without an end `inf`."""
    if number is not None and not math.isfinite(number):
        raise typer.BadParameter(f"a finite number was expected, not {number}")
    return number
