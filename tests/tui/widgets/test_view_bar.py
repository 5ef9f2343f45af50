"""The line that names the views."""

from __future__ import annotations

import pytest

from penstock_tui.names import ViewName
from tests.tui.logs import Log
from tests.tui.pilot import screen_of


@pytest.mark.parametrize(
    ("width", "bar"),
    [
        (120, " [1 log]  2 overview  3 tags  4 compactions  5 sessions  6 pipeline  7 budget  8 memory"),
        (80, " [1 log] 2 over 3 tags 4 comp 5 sess 6 pipe 7 budget 8 memory 9 sett 0 replay"),
        (60, " [1 log] 2 3 4 5 6 7 8 9 0"),
    ],
)
async def test_as_many_names_as_there_is_room_for_are_whole(log: Log, width: int, bar: str) -> None:
    """In 80 columns the short ones; every view has its key there at any width."""
    log.exchange(id="one")
    async with screen_of(log, size=(width, 24)) as screen:
        first = screen.text.splitlines()[0]
        assert first.startswith(bar)
        assert all(view.key in first for view in ViewName)
