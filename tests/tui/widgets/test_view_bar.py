"""The line that names the views."""

from __future__ import annotations

import pytest

from penstock_tui.view_names import ViewName
from tests.tui.gateways import a_team
from tests.tui.logs import Log
from tests.tui.pilot import Screen, screen_of

ALL = "[1 log] 2 overview 3 tags 4 compactions 5 sessions 6 pipeline 7 budget 8 memory 9 settings 0 replay - gateway"


def bar(screen: Screen) -> str:
    """As it is read: lines and gaps are one blank."""
    until = next(i for i, line in enumerate(screen.lines) if line.startswith(" Penstock"))
    return " ".join(" ".join(screen.lines[:until]).split())


@pytest.mark.parametrize("width", [160, 120, 112, 100, 80, 64])
async def test_every_name_can_be_read(log: Log, width: int) -> None:
    """On a second line where one has no room for all; in 80 columns, too."""
    log.exchange(id="one")
    a_team(log)
    async with screen_of(log, size=(width, 24)) as screen:
        await screen.sees("- gateway")
        assert bar(screen) == ALL
        assert screen.lines[1].startswith(" Penstock") is (width >= 112)


async def test_where_names_have_no_room_the_keys_stay(log: Log) -> None:
    log.exchange(id="one")
    async with screen_of(log, size=(50, 24)) as screen:
        assert screen.lines[0].rstrip() == " [1 log] 2 3 4 5 6 7 8 9 0"


async def test_the_names_break_at_the_same_place_in_every_view(log: Log) -> None:
    """So that none jumps while one turns through them, from the first moment."""
    log.exchange(id="one")
    async with screen_of(log, size=(80, 24)) as screen:
        for view in (ViewName.LOG, ViewName.TAGS, ViewName.COMPACTIONS, ViewName.REPLAY):
            await screen.press(view.key)
            await screen.sees(f"[{view.key} {view}]")
            assert screen.lines[1].lstrip(" [").startswith("8 memory")


async def test_a_click_on_the_second_line_opens_a_view(log: Log) -> None:
    log.exchange(id="one")
    async with screen_of(log, size=(80, 24)) as screen:
        await screen.pilot.click(offset=(screen.lines[1].index("settings"), 1))
        await screen.sees("[9 settings]")
