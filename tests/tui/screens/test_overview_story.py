"""What the overview tells of the work itself."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.events.event import EventKind
from tests.tui.logs import Log, life, paid_life
from tests.tui.pilot import screen_of
from tests.tui.screens.days import compacting

K = EventKind


async def test_costs_over_time_windows_and_edits(log: Log) -> None:
    """With and without Penstock, for each active conversation, and as sentences that say what was saved."""
    log.started()
    log.exchange(paid_life(0.04, 0.01))
    log.clock.advance(60)
    log.exchange(compacting(words="and now?"))
    log.exchange([*life()[:2], (K.EDIT, {"stage": "memory", "op": "note", "state": "landed", "after": 136})])
    async with screen_of(log, (120, 40)) as screen:
        await screen.press("2")
        await screen.sees("Cost over time", "$0.0800", "█ paid: $0.0200   ░ saved: $0.0600")
        await screen.sees("Context windows", "1 session-1", "1% of 200k")
        await screen.sees("Last edits", "compaction saved 8.3k of 9.0k tokens:", "turns 2 to 9 are old")
        await screen.sees("pruning saved 500 of 700 tokens: a long", "memory added a note of 136 tokens")
        assert not screen.shows("What to do next")


async def test_a_loss_has_a_sign_of_its_own(log: Log) -> None:
    log.exchange(paid_life(0.02, 0.03))
    async with screen_of(log, (160, 60)) as screen:
        await screen.press("2")
        await screen.sees("▓ lost: $0.0100 of $0.0200", "█")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ("The proxy listens on 127.0.0.1:8899", "penstock run -- claude")),
        ({"pid": 2**22 + 1}, ("The log is empty", "penstock up")),
    ],
)
async def test_what_to_do_where_nothing_happens(log: Log, facts: dict[str, Any], said: tuple[str, ...]) -> None:
    """Before the first request."""
    log.started(**facts)
    async with screen_of(log, (120, 40)) as screen:
        await screen.press("2")
        await screen.sees("What to do next", *said)


async def test_what_to_do_when_it_stopped(log: Log) -> None:
    """After work, too: when the proxy has ended, and when no client has sent anything for long."""
    log.started()
    log.exchange()
    async with screen_of(log, (120, 40)) as screen:
        await screen.press("2")
        await screen.sees("1 request")
        assert not screen.shows("What to do next")
        log.clock.advance(1000)
        await screen.sees("Nothing has come through for 16m", "penstock run -- claude")
        log.write(K.STOPPED)
        await screen.sees("No proxy is running.", "Start it again in another terminal:   penstock up")
