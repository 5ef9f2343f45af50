"""The line of keys."""

from __future__ import annotations

from penstock_tui.screens.help import HelpScreen
from tests.tui.logs import Log
from tests.tui.pilot import screen_of


async def test_names_the_keys_of_the_moment(log: Log) -> None:
    """Those of the view one is in, each once."""
    log.exchange()
    async with screen_of(log, (120, 30)) as screen:
        await screen.sees("? Help", "q Quit", "Detail", "Filter")
        await screen.press("5")
        await screen.sees("? Help", "q Quit", "esc Log", "Open")
        assert "Filter" not in screen.lines[-1]
        assert screen.lines[-1].count("Open") == 1


async def test_a_click_on_a_key_is_that_key(log: Log) -> None:
    log.exchange()
    async with screen_of(log, (120, 30)) as screen:
        await screen.sees("? Help")
        await screen.pilot.click(offset=(screen.lines[-1].index("? Help") + 3, 29))
        await screen.pilot.pause()
        assert isinstance(screen.app.screen, HelpScreen)
