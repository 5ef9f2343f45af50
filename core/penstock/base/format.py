"""Formats values for people: numbers with their noun (`plural`), rows as aligned `columns`, times (`moment`; `rfc3339`
for programs), money (`dollars`), shares (`percent`), durations (`lasted`), losses in red (`signed`). `printable` puts a
text on one line without control characters (`readable.py` also removes escape sequences). `is_colour_unwanted`: whether
`NO_COLOR` is set."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

__all__ = [
    "columns",
    "dollars",
    "is_colour_unwanted",
    "lasted",
    "moment",
    "percent",
    "plural",
    "printable",
    "rfc3339",
    "signed",
]

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def plural(number: int | None, noun: str, several: str = "") -> str:
    """`1 edit`, `1,200 edits`; None counts as 0. `several`: the plural, if it is not the noun with an s."""
    return f"{number or 0:,} {noun if number == 1 else several or f'{noun}s'}"


def lasted(ms: float) -> str:
    """A duration in milliseconds as `12 ms`, `1.2 s` or `75 s`."""
    if ms < 0.5:
        return "under 1 ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 9_950 else f"{ms / 1000:,.0f} s"


def dollars(amount: float) -> str:
    """Dollars as `$12.34`; below a dollar with four decimals, `$0.0829`; less than they can show is `<$0.0001`. A loss
    has a minus sign, however small."""
    size, sign = abs(amount), "-" if amount < 0 else ""
    if not size:
        return "$0"
    if size < 0.0001:
        return f"{sign}<$0.0001"
    return f"{sign}${size:,.2f}" if size >= 0.99995 else f"{sign}${size:.4f}"


def percent(share: float | None) -> str:
    """A share as `12.3%`; empty for None."""
    return "" if share is None else f"{share:.1%}"


def signed(text: str, amount: float) -> str:
    """`text` in red when `amount` is a loss."""
    return f"\x1b[31m{text}\x1b[0m" if amount < 0 else text


def moment(at: float) -> str:
    """A time in seconds since the epoch as `2026-01-31 14:05`, local time. `?` if it is out of range."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return "?"


@lru_cache(maxsize=1_000)  # many contexts were written at the same time, and a busy one is shown again and again
def rfc3339(at: float) -> str:
    """A time in seconds since the epoch as `2026-01-31T14:05:09.250Z`, for programs, up to the year 9999."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def printable(text: str) -> str:
    """`text` on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def is_colour_unwanted() -> bool:
    """Whether `NO_COLOR` is set: https://no-color.org."""
    return bool(os.environ.get("NO_COLOR"))


def columns(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """`rows` as aligned lines; the first `left` columns are left-aligned, the others right-aligned."""
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
    """The width on a terminal; colour codes take none."""
    return len(_STYLE.sub("", cell))
