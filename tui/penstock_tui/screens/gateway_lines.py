"""The content of the gateway view and of a key's page as lines of text: limits (`limit_lines`), usage (`usage_lines`),
what is known of a key (`page_lines`), amounts and days (`money`, `last_used`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from penstock.base.format import plural
from penstock.base.readable import one_line
from penstock.gateway.periods import day_of
from penstock.gateway.records import BILLION, LimitState
from penstock.gateway.usage import UsageSum
from penstock_tui.data.gateway import KeyPage
from penstock_tui.format import age, bar, clock_time, count, dollars, percent
from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.wrapped_text import Line, labelled, section

__all__ = ["STATES", "last_used", "limit_lines", "money", "page_lines", "usage_lines"]

NAME, BAR = 21, 6
WIDE = 110
SUMS = 46
"""Cells that the numbers of a line of usage take beside the name."""
STATES = {"active": ("✓ active", "good"), "expired": ("! expired", "warn"), "revoked": ("✗ revoked", "bad")}
ALARM = 0.8
"""The share of a limit from which it is coloured, as for the webhook's announcements."""


def money(counted: int) -> str:
    """Billionths of a dollar, in at most eight characters."""
    return dollars(counted / BILLION)


def last_used(day: str | None, now: float) -> str:
    """The day (UTC) on which a key was used, in at most nine characters."""
    if day is None or day == day_of(now):
        return "today" if day else "never"
    return f"{date.fromisoformat(day):%d %b %y}"


def limit_lines(limits: Sequence[LimitState], names: Mapping[str, str], now: float, width: int) -> list[Line]:
    """A line for each limit, the fullest first. `names`: those of keys by their ids."""
    return [_limit(one, names, now, width >= WIDE) for one in sorted(limits, key=lambda one: -_share(one))]


def _limit(one: LimitState, names: Mapping[str, str], now: float, is_wide: bool) -> Line:
    times, share = 2 if is_wide else 1, _share(one)
    tone, sign = ("bad", "⊘") if share >= 1 else ("warn", "!") if share >= ALARM else ("good", " ")
    held = f" + {_amount(one, one.held)} held" if one.held else ""
    unit = "" if one.unit == "dollars" else f" {one.unit}"
    left = age(max(one.resets_at - now, 0))
    return (
        (fitted(_scope(one.scope, names, is_wide), NAME * times), "plain"),
        (" ", "plain"),
        (_bar(one, BAR * times), tone),
        (f" {sign}{percent(min(share, 9.99)):>4} ", tone),
        (f"{_amount(one, one.spent)}{held} of {_amount(one, one.cap)}{unit}/{one.per},", "plain"),
        (f" resets in {left}" if is_wide else f" {left} left", "dim"),
    )


def _scope(scope: str, names: Mapping[str, str], is_wide: bool) -> str:
    kind, _, rest = scope.partition(":")
    if kind != "model":
        return f"{kind} {names.get(rest, rest)}"
    workspace, _, model = rest.partition("/")
    return f"model {one_line(model)} in {workspace}" if is_wide else f"{workspace}: {one_line(model.partition('/')[2])}"


def _share(one: LimitState) -> float:
    return (one.spent + one.held) / one.cap if one.cap else 1.0


def _bar(one: LimitState, cells: int) -> str:
    """█ is spent, ▒ held for requests under way."""
    spent = bar(one.spent / one.cap if one.cap else 1.0, cells).count("█")
    taken = max(bar(_share(one), cells).count("█"), spent)
    return "█" * spent + "▒" * (taken - spent) + "░" * (cells - taken)


def _amount(one: LimitState, counted: int) -> str:
    if one.unit == "dollars":
        said = counted / BILLION
        return f"${said:.2f}" if 0.005 <= said < 99.995 else dollars(said)
    return count(counted) if one.unit == "tokens" else f"{counted:,}"


def usage_lines(sums: Sequence[UsageSum], width: int, names: Mapping[str, str] | None = None) -> list[Line]:
    """A line for each sum. `names`: what to call them; those that are not among them are keys that were deleted."""
    name = min(max(width - SUMS, NAME), 2 * NAME)
    return [
        (
            (
                fitted(one_line(one.name) if names is None else names.get(one.name, f"{one.name}, deleted"), name),
                "plain",
            ),
            (f" {money(one.dollars):>8}", "strong"),
            (f" {plural(one.requests, 'request'):>15}", "plain"),
            (f" {count(one.input + one.cache_read + one.cache_write):>6} in {count(one.output):>6} out", "dim"),
        )
        for one in sums
    ]


def page_lines(page: KeyPage, now: float, width: int) -> list[Line]:
    """What is known of a key, except its requests."""
    key = page.row.key
    ends = "never" if key.expires_at is None else clock_time(key.expires_at, now)
    facts: list[Line] = [
        labelled("state", STATES[page.row.state], (f", begins with {key.prefix}, of {key.workspace}", "plain")),
        labelled("used last", (f"{last_used(key.last_used_day, now)}, expires: {ends}", "plain")),
        labelled("scopes", (", ".join(key.scopes), "plain")),
        labelled("models", (", ".join(map(one_line, key.models)) or "all of the workspace", "plain")),
        labelled("spent", (f"{money(page.row.today)} today, {money(page.row.month)} this month (UTC)", "plain")),
    ]
    limits = limit_lines(page.limits, {key.id: key.name}, now, width)
    return [
        *section("", facts),
        *section("Limits", limits or [(("None, of the key or its workspace.", "dim"),)]),
        *section("Usage by day", usage_lines(page.days, width) or [(("None within two weeks.", "dim"),)]),
    ]
