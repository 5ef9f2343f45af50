"""The tables of views, by keys and clicks."""

from __future__ import annotations

from penstock.events.event import EventKind
from penstock_tui.screens.log import LogScreen
from penstock_tui.widgets.keyed_table import KeyedTable
from tests.tui.logs import Log
from tests.tui.pilot import Screen, screen_of

TAGS = "3"


def tagged(log: Log, count: int) -> None:
    """The newest tag comes first."""
    for i in range(count):
        log.exchange(id=f"x{i}")
        log.write(EventKind.TAGGED, f"x{i}", of="turn", tags=[f"tag{i:02}"], primary="")


def table_of(screen: Screen) -> KeyedTable[object]:
    found: KeyedTable[object] = screen.app.screen.query_one(KeyedTable)
    return found


async def test_keys_move_the_cursor_and_the_window(log: Log) -> None:
    """By a row, a page, to both ends and not past them; the titles stay."""
    tagged(log, 40)
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(TAGS)
        await screen.sees("tag39")
        table = table_of(screen)
        await screen.press("up", "down", "j", "k")
        assert table.chosen == "tag38"
        await screen.press("pagedown")
        page = 38 - int(table.chosen[3:])
        assert 10 < page < 24
        for key, tag in (
            ("G", "tag00"),
            ("down", "tag00"),
            ("pageup", f"tag{page:02}"),
            ("g", "tag39"),
            ("up", "tag39"),
        ):
            await screen.press(key)
            assert table.chosen == tag, key
            assert screen.shows("tag", tag), "in the window, below its titles"


async def test_a_click_chooses_and_another_opens(log: Log) -> None:
    """On titles and below the last row it does nothing."""
    tagged(log, 3)
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(TAGS)
        await screen.sees("tag02", "tag00")
        table = table_of(screen)
        line = next(y for y, text in enumerate(screen.lines) if "tag00" in text)
        for y in (line - 3, line + 3):
            await screen.pilot.click(offset=(4, y))
            assert table.chosen == "tag02"
        await screen.pilot.click(offset=(4, line))
        assert table.chosen == "tag00"
        await screen.pilot.click(offset=(4, line))
        await screen.pilot.pause()
        assert isinstance(screen.app.screen, LogScreen)


async def test_an_empty_table_stands_every_key(log: Log) -> None:
    log.started()
    async with screen_of(log, (80, 24)) as screen:
        await screen.press(TAGS)
        table = table_of(screen)
        table.action_page(1)
        table.action_last()
        table.action_open()
        assert table.chosen == ""
        assert table.neighbour("nobody", 1) == ""
