"""The overview."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.events.event import EventKind
from penstock.models import age
from penstock_tui.log.feed import Feed
from penstock_tui.screens.overview_lines import traffic_lines
from tests.tui.logs import Log, kept_alive, paid_life, unpriced_life
from tests.tui.pilot import screen_of
from tests.tui.screens.days import a_day

K = EventKind


async def test_sums_and_health_at_a_glance(log: Log) -> None:
    """Each with words beside its colour."""
    a_day(log)
    log.write(K.BUDGET, budget="day", before="NORMAL", level="REDUCED", why="day: 75% used")
    talk = "conversation 8858935a548677b1fdb44b8e"
    log.write(K.BUDGET, budget=talk, before="NORMAL", level="MINIMAL", why=f"{talk}: 91% used")
    async with screen_of(log, (160, 60)) as screen:
        await screen.press("2")
        await screen.sees("1 landed, 8.3k tokens removed", "1.5k kept off the wire (25%)", "80% of input read from it")
        await screen.sees(
            "$0.0300 saved (30%)", "$0.0700 of $0.1000 without Penstock", "3 requests in the last minute", "█"
        )
        await screen.sees("proxy         ● running", "store         ✓ no faults", "! 1 fault", "no room on the disk")
        await screen.sees("claude-code", "Lately", "compaction by", "budget day is REDUCED", "! fault: ")
        await screen.sees("! MINIMAL, now: conversation 8858935a: 91% used", "stages        ✓ all stages running")
        await screen.sees("budget conversation 8858935a is MINIMAL")


def test_the_busiest_minute_has_no_fewer_requests_than_the_last_one() -> None:
    """Also where the last 60 seconds lie across two of the clock's minutes."""
    feed = Feed(Path("none.db"), ManualClock(1000.0))
    for second in range(1000, 1060, 10):
        feed.model.request_rate.count(second)  # two in the one clock minute, four in the other
    lines = traffic_lines(feed, 1059.0, 80)
    assert "6 requests in the last minute, at most 6 a minute in that hour" in str(lines)


async def test_a_loss_has_a_minus_and_a_word(log: Log) -> None:
    """Red alone says nothing to who can not see it."""
    log.exchange(paid_life(0.02, 0.03))
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("-$0.0100 lost (50%)", "○ not known: no proxy has signed this log")


async def test_keep_alive_is_its_own_figure(log: Log) -> None:
    """In the overview, in its session, and in the request that was repeated; the line in the log leads there."""
    id = log.exchange(paid_life(0.50, 0.30, words="the one that was repeated"))
    for _ in range(3):
        log.exchange(kept_alive(48_211, 0.04), id=id)
    async with screen_of(log, (160, 48)) as screen:
        await screen.sees("keepalive", "penstock", "↻ $0.0400: 48,211", "48.2k", "1 request")
        await screen.press("enter")
        await screen.sees("the one that was repeated", "3 reads of it, $0.1200", "keep-alive: 3 reads, $0.1200")
        await screen.press("escape", "2")
        await screen.sees("keep-alive    3 reads, $0.1200", "$0.4200 of $0.5000", "1 request, 1 turn")
        await screen.press("5")
        await screen.sees("3 reads, $0.1200")


async def test_it_says_why_little_was_saved(log: Log) -> None:
    """Of the newest sessions, with their numbers; one that saved well has nothing to explain."""
    log.exchange(paid_life(0.50, 0.30, session="well", model="claude-opus-5-5"))
    async with screen_of(log, (160, 60)) as screen:
        await screen.press("2")
        await screen.sees("Why little was saved", "every session of late saved well")
        log.exchange(paid_life(0.50, 0.50, session="badly", model="claude-opus-5-5"))
        await screen.sees("2 requests")
        await screen.press("1", "2")
        await screen.sees("claude-code badly", "There is no history to shorten: 1 request")
        assert "claude-code well" not in screen.text


async def test_a_stage_that_rests(log: Log) -> None:
    log.started()
    log.write(K.STAGE, "x", stage="pruning", outcome="resting", remark="after 3 failures")
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("! resting after failures: pruning: after 3 failures")


async def test_an_unknown_price_is_said(log: Log) -> None:
    """No figure in dollars stands for it; what is known of others stays."""
    log.exchange(unpriced_life())
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("money         unknown price")
        assert "$" not in screen.text
        log.exchange(paid_life(0.1, 0.07))
        await screen.sees("$0.0300 saved", "1 request more at an unknown price")


async def test_an_old_table_of_models_is_said(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its age, and in the head line; a young one has its date."""
    log.exchange(paid_life(0.1, 0.07))
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("models        ✓ table of 2026-11-22")
    monkeypatch.setattr(age, "today", lambda: datetime.date(2027, 6, 1))
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("! the table of models is 27 weeks old", "! old table of models")
