"""The line that names the rooms, with the keys that lead there."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from penstock_tui.rooms.names import RoomName
from penstock_tui.widgets.tones import TONE_CLASSES

__all__ = ["RoomBar"]


class RoomBar(Static):
    """On top of the log and of every room. A click leads to the room, too."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    DEFAULT_CSS = """
    RoomBar { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    RoomBar { link-style: none; link-color: $foreground; link-background: transparent; }
    Screen.-low RoomBar { display: none; }
    """

    def __init__(self, here: RoomName) -> None:
        super().__init__()
        self._here = here

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self, _event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        """Where not all names have room, the keys stay, and the name of the room one is in."""
        whole = Content("  ").join(self._part(room, named=True) for room in RoomName)
        brief = Content(" ").join(self._part(room, named=room is self._here) for room in RoomName)
        self.update(whole if whole.cell_length <= self.content_size.width else brief)

    def _part(self, room: RoomName, *, named: bool) -> Content:
        text = f"{room.key} {room}" if named else room.key
        # Marked by a sign as well: not everyone sees the colour.
        text, style = (f"[{text}]", "bold $text-primary") if room is self._here else (text, "$foreground 80%")
        return Content(text).stylize(f"{style}").stylize(f"@click=app.room('{room}')")
