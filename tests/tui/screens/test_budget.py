"""The budget view."""

from __future__ import annotations

import time
from typing import Any

import pytest

from penstock.budget.amount import Amount
from penstock.budget.scopes import BudgetOwner, Scope
from penstock.budget.settings import Budget, Limit
from penstock.engine import budget_store
from penstock.events.event import EventKind
from tests.budgets_stored import save_in
from tests.tui.logs import Log
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.days import a_day, books

K = EventKind


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_was_spent_of_what(log: Log, size: tuple[int, int]) -> None:
    """A bar, a part, a word for the level, and the way out."""
    a_day(log)
    books(log, (Scope.DAY, Limit(dollars=4)), (Scope.PROJECT, Limit(dollars=3)))
    async with screen_of(log, size) as screen:
        await screen.press("7")
        await screen.sees("day ", "█░", "75%", "! REDUCED", "$3.00 of $4.00")
        await screen.sees("project kiln", "⊘ BLOCKED", "$3.00 of $3.00", "1 blocked: r raises")


async def test_the_agents_of_a_session_share_it(log: Log) -> None:
    """Each stands below it, with what it may use."""
    a_day(log)
    books(log, (Scope.SESSION, Limit(dollars=10)))
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("session morning", "$3.00 of $10.00", "└ main agent main-talk", "└ subagent sub-talk")
        [main] = [line for line in screen.lines if "main agent" in line]
        assert "$1.50 of $" in main


async def test_nothing_is_limited(log: Log) -> None:
    """What was spent is told all the same, and how to set a limit."""
    a_day(log)
    books(log)
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("$3.00, 2,000 tokens, 2 requests; no limit", "penstock budget set day --dollars 20")


async def test_a_profile_that_is_not_here(log: Log) -> None:
    """It is said; limits that a person set show still."""
    log.started(profile="elsewhere")
    books(log, (Scope.DAY, Limit(dollars=4)))
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("$3.00 of $4.00", "! The limits of profile elsewhere are not shown", "no profile is called")


async def test_changes_and_providers_limits(log: Log) -> None:
    """The newest change first; a limit that is spent says so in a word."""
    log.write(K.BUDGET, budget="day", before="NORMAL", level="REDUCED", why="day: 71% used")
    log.write(K.BUDGET, budget="day", before="REDUCED", level="MINIMAL", why="day: 91% used")
    limits = [{"name": "tokens", "limit": 4000, "remaining": 0, "resets_at": log.clock.now() + 100}]
    log.exchange([(K.CLASSIFIED, {"provider": "openai"}), (K.FAILED, {"status": 429, "limits": limits})])
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees(
            "REDUCED → ! MINIMAL", "NORMAL → ! REDUCED", "openai tokens", "! used up, 0 of 4.0k left", "resets in"
        )
        assert screen.text.index("91% used") < screen.text.index("71% used")


async def test_it_is_read_again_while_one_looks(log: Log) -> None:
    """Money spent meanwhile shows by itself."""
    a_day(log)
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("$0, 0 tokens, 0 requests; no limit")
        books(log, (Scope.DAY, Limit(dollars=4)))
        await screen.sees("$3.00 of $4.00")


def shown(log: Log) -> dict[tuple[str, str], dict[str, Any]]:
    """What is in the store."""
    budgets = budget_store.load(log.store, log.clock.now())
    rows = budgets.show(Budget(), log.clock.now())
    log.close()
    return {(row["scope"], row["name"]): row for row in rows}


async def opened(screen: Screen) -> None:
    await screen.press("7")
    await screen.sees("▸ day", "$3.00 of $4.00")


def a_limited_day(log: Log, **started: Any) -> None:
    """Nobody but the screen has the store."""
    log.clock.advance(time.time() - log.clock.now())
    log.started(pid=0, **started)
    books(log, (Scope.DAY, Limit(dollars=4)), (Scope.PROJECT, Limit(dollars=3)))
    log.close()


@pytest.mark.parametrize("size", [(80, 24)])
async def test_a_budget_is_raised(log: Log, size: tuple[int, int]) -> None:
    """The one under the cursor, by so much, after a `y`; the new limit shows."""
    a_limited_day(log)
    async with screen_of(log, size) as screen:
        await opened(screen)
        await screen.press("j")
        await screen.sees("▸ project kiln", "⊘ BLOCKED")
        await screen.press("r")
        await screen.sees("Raise project", "half of each limit is free")
        await screen.type("much")
        await screen.press("enter")
        await screen.sees("“much” is no amount")
        await screen.press(*["backspace"] * 4)
        await screen.type("2")
        await screen.press("enter")
        await screen.sees("rise by $2.00")
        await screen.press("y")
        await screen.sees("Raised: project /src/kiln", "$3.00 of $5.00")
    assert shown(log)["project", "/src/kiln"]["limits"] == {"dollars": 5.0}


async def test_a_raise_needs_no_amount_but_a_yes(log: Log) -> None:
    a_limited_day(log)
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("r", "enter")
        await screen.sees("until half of each limit is free")
        await screen.press("enter")
        await screen.press("r", "enter", "y")
        await screen.sees("Raised: day", "$3.00 of $6.00")


async def test_a_limit_is_set(log: Log) -> None:
    """Of one budget, or of all of a sort; `none` takes it away."""
    a_limited_day(log)
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("s")
        await screen.sees("A limit for", "every day", "each session")
        await screen.press("enter")
        await screen.sees("A limit for every day")
        await screen.type("9, 5k requests")
        await screen.press("enter")
        await screen.sees("Limits set for: day", "$3.00 of $9.00", "2 of 5,000 requests")
        await screen.press("s", "down", "down", "down", "enter")
        await screen.sees("A limit for each session")
        await screen.type("10")
        await screen.press("enter")
        await screen.sees("session morning", "$3.00 of $10.00", "└ main agent")
        await screen.press("s", "enter")
        await screen.type("none")
        await screen.press("enter")
        await screen.sees("$3.00, 2,000 tokens, 2 requests; no limit")
    assert shown(log)["day", ""]["limits"] == {}


async def test_a_budget_is_reset(log: Log) -> None:
    """That one alone."""
    a_limited_day(log)
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("x")
        await screen.sees("Reset day?", "counts from nothing")
        await screen.press("n")
        await screen.press("x", "y")
        await screen.sees("Counts from nothing again: day", "$0 of $4.00", "$3.00 of $3.00")


async def test_what_cannot_be_raised_is_told(log: Log) -> None:
    """No limit of its own; and a store that somebody has who does not answer."""
    a_limited_day(log)
    books(log, (Scope.SESSION, Limit(dollars=10)))
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.press("down", "down", "down")
        await screen.sees("▸   └ main agent")
        await screen.press("r")
        await screen.sees("no limit of its own", "session morning for it")
        await screen.press("up", "up", "up", "up", "r", "enter", "y")
        await screen.sees("Could not raise it", "belongs to another proxy")


async def test_the_cursor_stays_in_sight(log: Log) -> None:
    """However many budgets there are, however low the window."""
    a_limited_day(log)
    budgets = budget_store.load(log.store, log.clock.now(), save=save_in(log.store))
    for i in range(10):
        who = BudgetOwner(f"talk-{i}", f"s-{i}", "claude-code", f"/src/p{i:02}")
        budgets.settle(f"x{i}", who, Budget(), Amount(0.01 + i / 1000, 10, 1), log.clock.now())
    async with screen_of(log, (80, 10)) as screen:
        await screen.press("7")
        await screen.sees("▸ day")
        for _ in range(11):
            await screen.press("down")
            await screen.sees("▸")
        assert not screen.shows("▸ day")
        for _ in range(13):
            await screen.press("up")
            await screen.sees("▸")
        await screen.sees("▸ day")


async def test_levels_go_by_what_was_changed_in_the_run(log: Log) -> None:
    """As the proxy counts them; a proxy that starts anew goes by its profile."""
    a_day(log)
    books(log, (Scope.DAY, Limit(dollars=4)))
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("75%", "! REDUCED")
        log.write(K.SETTINGS, profile="default", changed={"budget.reduced": [0.7, 0.85], "window.hard": [1]})
        await screen.sees("75%", "✓ NORMAL")
        log.started()
        await screen.sees("75%", "! REDUCED")
