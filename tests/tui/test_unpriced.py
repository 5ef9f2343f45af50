"""A model whose price nobody knows: no figure in dollars stands anywhere."""

from __future__ import annotations

from penstock.stats.selection import choose
from penstock_tui.report import page as pages
from penstock_tui.report.gather import gather
from penstock_tui.screens.detail import DetailScreen
from tests.tui.logs import Log, paid_life, unpriced_life, until
from tests.tui.pilot import Screen, screen_of

WIDE = (160, 48)


async def text_of(screen: Screen, *keys: str) -> str:
    """What stands on the screen after these keys."""
    await screen.press(*keys)
    await screen.pilot.pause()
    return screen.text


async def test_no_view_shows_dollars(log: Log) -> None:
    """Neither the list of requests, nor the sessions, nor the sums over them."""
    log.exchange(unpriced_life())
    async with screen_of(log, WIDE) as screen:
        await screen.sees("1 request at an unknown price", "?")
        assert "$" not in screen.text
        for view in "2", "5":
            assert "$" not in await text_of(screen, view)
        await screen.press("5")
        await screen.sees("1 session", "?")


async def test_the_request_itself_says_why(log: Log) -> None:
    """In the words of the other places."""
    log.exchange(unpriced_life())
    async with screen_of(log, WIDE) as screen:
        await until(screen.pilot, lambda: screen.table.cursor is not None)
        await screen.press("enter")
        await until(screen.pilot, lambda: isinstance(screen.app.screen, DetailScreen))
        await screen.sees("unknown: nobody has said what this model costs")


async def test_what_is_known_stays(log: Log) -> None:
    """A sum says that something is missing from it."""
    log.exchange(unpriced_life())
    log.exchange(paid_life(0.1, 0.07))
    async with screen_of(log, WIDE) as screen:
        await screen.sees("$0.0300 saved", "1 request at an unknown price")
        await screen.press("5")
        await screen.sees("$0.0300+?")


def test_a_report_has_none_either(log: Log) -> None:
    """Alone a question mark; beside what is known, a sum with one."""
    log.exchange(unpriced_life())
    html = pages.page(gather(log.store, choose(log.store)), texts=False)
    assert "<dt>paid</dt><dd>?</dd>" in html
    assert "Unknown price." in html
    log.exchange(paid_life(0.1, 0.07))
    html = pages.page(gather(log.store, choose(log.store)), texts=False)
    assert "<dt>paid</dt><dd>$0.0700 + ?</dd>" in html
    assert "1 request more had an unknown price." in html
