"""Every room by its name."""

from __future__ import annotations

from typing import Final

from penstock_tui.names import RoomName
from penstock_tui.screens.base import Room
from penstock_tui.screens.budget import BudgetRoom
from penstock_tui.screens.compactions import CompactionsRoom
from penstock_tui.screens.memory import MemoryRoom
from penstock_tui.screens.overview import OverviewRoom
from penstock_tui.screens.pipeline import PipelineRoom
from penstock_tui.screens.replay import ReplayRoom
from penstock_tui.screens.sessions import SessionsRoom
from penstock_tui.screens.settings import SettingsRoom
from penstock_tui.screens.tags import TagsRoom

__all__ = ["ROOMS"]

ROOMS: Final[dict[RoomName, type[Room]]] = {
    room.NAME: room
    for room in (
        OverviewRoom,
        TagsRoom,
        CompactionsRoom,
        SessionsRoom,
        PipelineRoom,
        BudgetRoom,
        MemoryRoom,
        SettingsRoom,
        ReplayRoom,
    )
}
"""The log is not among them: it is what they are opened from."""
