"""Every room by its name."""

from __future__ import annotations

from typing import Final

from penstock_tui.rooms.budget import BudgetRoom
from penstock_tui.rooms.compactions import CompactionsRoom
from penstock_tui.rooms.memory import MemoryRoom
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.overview import OverviewRoom
from penstock_tui.rooms.pipeline import PipelineRoom
from penstock_tui.rooms.replay import ReplayRoom
from penstock_tui.rooms.room import Room
from penstock_tui.rooms.sessions import SessionsRoom
from penstock_tui.rooms.settings import SettingsRoom
from penstock_tui.rooms.tags import TagsRoom

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
