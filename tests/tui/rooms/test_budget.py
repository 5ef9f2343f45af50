"""The budget room."""

from __future__ import annotations

import pytest

from penstock.budget.scopes import Scope
from penstock.budget.settings import Limit
from penstock.events import EventKind
from tests.tui.logs import Log
from tests.tui.rooms.days import a_day, books
from tests.tui.screens import screen_of

K = EventKind


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_was_spent_of_what(log: Log, size: tuple[int, int]) -> None:
    """A bar, a part, a word for the level, and the way out."""
    a_day(log)
    books(log, (Scope.DAY, Limit(dollars=4)), (Scope.PROJECT, Limit(dollars=3)))
    async with screen_of(log, size) as screen:
        await screen.press("7")
        await screen.sees("day ", "█░", "75%", "! REDUCED", "$3.00 of $4.00")
        await screen.sees("project kiln", "⊘ BLOCKED", "$3.00 of $3.00", "1 blocked: penstock budget raise")


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
            "REDUCED → ! MINIMAL", "NORMAL → ! REDUCED", "openai tokens", "! spent, 0 of 4.0k left", "anew in"
        )
        assert screen.text.index("91% used") < screen.text.index("71% used")


async def test_it_is_read_again_while_one_looks(log: Log) -> None:
    """Money spent meanwhile shows by itself."""
    a_day(log)
    async with screen_of(log) as screen:
        await screen.press("7")
        await screen.sees("$0.00, 0 tokens, 0 requests; no limit")
        books(log, (Scope.DAY, Limit(dollars=4)))
        await screen.sees("$3.00 of $4.00")


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
