"""Formats values for display in a few characters: numbers and sizes (`count`, `percent`, `bytes_of`), amounts
(`dollars`, `keep_alive`), times (`duration`, `age`, `ago`, `clock_time`, `full_time`), bars (`bar`, `sparkline`) and
paths (`home_path`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from penstock.base import format
from penstock.stats.cost_totals import CostTotals

__all__ = [
    "age",
    "ago",
    "bar",
    "bytes_of",
    "clock_time",
    "count",
    "dollars",
    "duration",
    "full_time",
    "home_path",
    "keep_alive",
    "percent",
    "sparkline",
]

DAY = 86_400.0
STEPS = "▁▂▃▄▅▆▇█"


def count(number: float) -> str:
    """A number in at most five characters: 950, 9.5k, 48.2k, 482k, 1.2M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        # 0.9995: what would be rounded up to "1000k" is "1.0M".
        if abs(number) >= size * (0.9995 if size > 1e3 else 1):
            value = number / size
            return f"{value:.0f}{unit}" if abs(value) >= 99.95 else f"{value:.1f}{unit}"
    return f"{number:.0f}"


def dollars(amount: float) -> str:
    """A sum in at most eight characters up to a million: $0.0041, -$0.3100, $4.20, $1,204. No loss is rounded away: a
    very small one is -<$0.001."""
    if -0.0001 < amount < 0:
        return "-<$0.001"
    if abs(amount) < 99.995:
        return format.dollars(amount)
    return f"{'-' if amount < 0 else ''}${abs(amount):,.0f}"


def keep_alive(tally: CostTotals) -> str:
    """Keep-alive requests and their cost: 12 reads, $0.2100. Empty where there were none."""
    return f"{format.plural(tally.reads, 'read')}, {format.dollars(tally.reads_cost)}" if tally.reads else ""


def duration(ms: float | None) -> str:
    """Milliseconds in at most six characters: 0.4ms, 12ms, 1.2s, 62s, 5m02s, 3h10m. Empty for None."""
    if ms is None:
        return ""
    if ms < 9.95:
        return f"{max(ms, 0):.1f}ms"
    if ms < 999.5:
        return f"{ms:.0f}ms"
    seconds = ms / 1000
    if seconds < 99.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def percent(share: float | None) -> str:
    """A share: 94%. Empty for None; 100% and 0% only when exact, otherwise >99% and <1%."""
    if share is None:
        return ""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"


def age(seconds: float) -> str:
    """A number of seconds in its largest unit: 5s, 12m, 3h, 2d."""
    for unit, size in (("d", DAY), ("h", 3600.0), ("m", 60.0)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def ago(at: float, now: float) -> str:
    """How long ago `at` was: "now" within a second."""
    return f"{age(now - at)} ago" if now - at >= 1 else "now"


def clock_time(at: float, now: float) -> str:
    """A time in at most nine characters: the time of today, weekday and time of this week, the date before that."""
    moment = _moment(at)
    today = _moment(now)
    if moment.date() == today.date():
        return moment.strftime("%H:%M:%S")
    if 0 <= now - at < 6 * DAY:
        return moment.strftime("%a %H:%M")
    return moment.strftime("%d %b %y")


def full_time(at: float) -> str:
    """Date and time to the millisecond."""
    return _moment(at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def home_path(path: Path) -> str:
    """`path` with the home folder written as ~."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)


def bar(share: float, width: int) -> str:
    """A share as a bar of `width` cells, full from 1 on. More than 0 shows at least a mark; less than 1 leaves a
    gap."""
    filled = round(share * width) if 0 < share < 1 else width * (share >= 1)
    if 0 < share < 1:
        filled = min(max(filled, 1), max(width - 1, 1))
    return "█" * filled + "░" * (width - filled)


def bytes_of(number: int) -> str:
    """A size in at most seven characters: 950 B, 9.5 kB, 1.2 MB. Empty for 0."""
    if number <= 0:
        return ""
    text = count(number)
    return f"{text[:-1]} {text[-1]}B" if text[-1].isalpha() else f"{text} B"


def sparkline(numbers: Sequence[int], width: int, most: int | None = None) -> str:
    """`numbers` as columns, in at most `width` cells; where there are more, neighbours are added up. `most`: what a
    full column means, by default the largest sum."""
    if not numbers or width <= 0:
        return ""
    each = -(-len(numbers) // width)
    first = len(numbers) % each
    sums = [sum(numbers[:first])] if first else []
    sums += [sum(numbers[at : at + each]) for at in range(first, len(numbers), each)]
    most = each * most if most is not None else max(sums)
    # The lowest step is for none at all: one request in a busy hour must not look like none.
    return "".join(STEPS[0 if not one else max(round(one / most * (len(STEPS) - 1)), 1)] for one in sums)


def _moment(at: float) -> datetime:
    """A time that no calendar has is clamped: the log may be damaged."""
    try:
        return datetime.fromtimestamp(at)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0)
