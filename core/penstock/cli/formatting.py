"""How the commands write money, times and texts of strangers."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import typer

from penstock.stats.cost_totals import CostTotals

__all__ = ["columns", "counted", "dollars", "lasted", "moment", "percent", "printable", "signed", "total"]

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def counted(count: object, noun: str) -> str:
    """1 edit, 1,200 edits."""
    number = count if isinstance(count, int) else 0
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def lasted(ms: float) -> str:
    """12 ms, 1.2 s, 75 s."""
    if ms < 0.5:
        return "under 1 ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 9_950 else f"{ms / 1000:,.0f} s"


def dollars(amount: float) -> str:
    """$12.34; four places where two would say nothing. No loss is rounded away."""
    size, sign = abs(amount), "-" if amount < 0 else ""
    if not size:
        return "$0"
    return f"{sign}${size:,.2f}" if size >= 0.99995 else f"{sign}${max(size, 0.0001):.4f}"


def total(amount: float, tally: CostTotals) -> str:
    """A sum of `tally` in dollars: `?` where the price of none of its requests is known, `$1.20 + ?` where it is of
    some."""
    if not tally.unpriced:
        return dollars(amount)
    return f"{dollars(amount)} + ?" if tally.requests else "?"


def percent(share: float | None) -> str:
    """12.3%. Nothing for None."""
    return "" if share is None else f"{share:.1%}"


def signed(text: str, amount: float) -> str:
    """`text` in red when `amount` is a loss."""
    return typer.style(text, fg="red") if amount < 0 else text


def moment(at: float) -> str:
    """2026-01-31 14:05, in the time zone of who reads it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def printable(text: str) -> str:
    """`text` on one line, without what could steer the terminal that shows it."""
    return "".join(c if c.isprintable() else " " for c in text)


def columns(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """`rows` as lines; the first `left` columns begin at the left, the others end at the right."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            room = " " * (widths[i] - _width(cell))
            cells.append(cell + room if i < left else room + cell)
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(cell: str) -> int:
    """Colours take no room."""
    return len(_STYLE.sub("", cell))
