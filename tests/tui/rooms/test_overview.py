"""The overview."""

from __future__ import annotations

from penstock.events import EventKind
from tests.tui.logs import Log, paid_life
from tests.tui.rooms.days import a_day
from tests.tui.screens import screen_of

K = EventKind


async def test_sums_and_health_at_a_glance(log: Log) -> None:
    """Each with words beside its colour."""
    a_day(log)
    log.write(K.BUDGET, budget="day", before="NORMAL", level="REDUCED", why="day: 75% used")
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("1 landed, 8.3k tokens freed", "1.5k kept off the wire (25%)", "80% of input read from it")
        await screen.sees("$0.0300 saved (30%)", "$0.0700 of $0.1000 untouched", "3 requests a minute", "█")
        await screen.sees("proxy         ● running", "store         ✓ no faults", "! 1 fault", "no room on the disk")
        await screen.sees("claude-code", "Lately", "compaction by", "budget day is REDUCED", "! fault: ")
        await screen.sees("! REDUCED day", "stages        ✓ none rests")


async def test_a_loss_has_a_minus_and_a_word(log: Log) -> None:
    """Red alone says nothing to who can not see it."""
    log.exchange(paid_life(0.02, 0.03))
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("-$0.0100 lost (50%)", "○ not known: no proxy has signed this log")


async def test_a_stage_that_rests(log: Log) -> None:
    log.started()
    log.write(K.STAGE, "x", stage="pruning", outcome="resting", remark="after 3 failures")
    async with screen_of(log, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("! resting after failures: pruning: after 3 failures")
