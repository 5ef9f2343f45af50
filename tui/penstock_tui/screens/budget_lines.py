"""The budget view's content as lines of text: budgets (`budget_lines`), level changes (`change_lines`) and providers'
rate limits (`limit_lines`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from penstock.base.readable import with_short_ids
from penstock.budget.amount import amount_in_words, part_in_words
from penstock_tui.data.budget import BudgetRow
from penstock_tui.format import age, bar, clock_time, count, percent
from penstock_tui.log.stats.levels import LevelChange, ProviderLimit
from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["NAME_WIDTH", "budget_lines", "change_lines", "limit_lines"]

NAME_WIDTH, BAR = 26, 14
WIDE = 120
CURSOR = "▸ "
MEASURES = ("dollars", "tokens", "requests")
_LEVELS = {
    "NORMAL": ("✓ NORMAL", "good"),
    "REDUCED": ("! REDUCED", "warn"),
    "MINIMAL": ("! MINIMAL", "warn"),
    "BLOCKED": ("⊘ BLOCKED", "bad"),
}


def budget_lines(rows: Sequence[BudgetRow], width: int, at: int = -1) -> list[Line]:
    """A line for each budget: scope, bar, level, spending and limit. The row `at` is the one that keys act on."""
    times = 2 if width >= WIDE else 1
    return [
        ((CURSOR if i == at else " " * len(CURSOR), "accent"), *_budget(row, NAME_WIDTH * times, BAR * times))
        for i, row in enumerate(rows)
    ]


def _budget(row: BudgetRow, name: int, cells: int) -> Line:
    label = (fitted(_label(row), name), "dim" if row.pool else "plain")
    limits = row.limits or row.pool
    if not limits:
        used = ", ".join(amount_in_words(measure, row.used.get(measure, 0)) for measure in MEASURES)
        return label, ("  ", "plain"), (f"{used}; no limit", "dim")
    share = row.share if row.limits else _share(row)
    level, tone = _level(row.level)
    said = ", ".join(part_in_words(measure, row.used.get(measure, 0), limit) for measure, limit in limits.items())
    return (
        label,
        ("  ", "plain"),
        (bar(share, cells), tone),
        (f" {percent(min(share, 9.99)):>4} ", "plain"),
        (f"{level:<10}", tone),
        (said, "plain"),
        (f"  since {row.period}" if row.period and name > NAME_WIDTH else "", "dim"),
    )


def _label(row: BudgetRow) -> str:
    if row.pool:
        who = "main agent" if row.is_main else "subagent"
        return f"  └ {who}{', done' if row.is_over else ''} {row.name}"
    short = PurePath(row.name).name if row.scope == "project" else row.name
    return f"{row.scope} {short}".rstrip()


def _share(row: BudgetRow) -> float:
    """Of an agent: the used part of its share of the session's budget."""
    return max((row.used.get(m, 0) / limit if limit > 0 else 1.0 for m, limit in row.pool.items()), default=0.0)


def _level(level: str) -> tuple[str, str]:
    return _LEVELS.get(level, (level, "plain"))


def change_lines(changes: Sequence[LevelChange], now: float) -> list[Line]:
    """Changes of level, the newest first."""
    return [
        (
            (f"{clock_time(one.at, now):<10}", "dim"),
            (f"{one.before or '?'} → ", "plain"),
            _level(one.level or "?"),
            (f"  {with_short_ids(one.why or one.budget)}", "plain"),
        )
        for one in reversed(changes)
    ]


def limit_lines(limits: Sequence[ProviderLimit], now: float) -> list[Line]:
    """Each provider's rate limits as it reported them, and how long ago."""
    return [
        (
            (fitted(f"{one.provider} {one.name}", NAME_WIDTH), "plain"),
            ("  ", "plain"),
            (_reported(one, now), "warn" if _is_spent(one, now) else "plain"),
            (f"  reported {age(max(now - one.at, 0))} ago", "dim"),
        )
        for one in limits
    ]


def _is_spent(one: ProviderLimit, now: float) -> bool:
    """Whether nothing is left, and the limit has not been reset since."""
    is_over = one.resets_at is not None and one.resets_at <= now
    return not is_over and (one.remaining == 0 or (one.used or 0) >= 1)


def _reported(one: ProviderLimit, now: float) -> str:
    if one.resets_at is not None and one.resets_at <= now:
        return "reset since"  # what was left before says nothing of now
    said = ["! used up"] if _is_spent(one, now) else []
    if one.remaining is not None:
        said.append(f"{count(one.remaining)}{f' of {count(one.limit)}' if one.limit is not None else ''} left")
    if one.used is not None:
        said.append(f"{percent(one.used)} used")
    if one.resets_at is not None:
        said.append(f"resets in {age(one.resets_at - now)}")
    return ", ".join(said) or "not said"
