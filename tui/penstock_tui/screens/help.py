"""Every key, every column, every term, on one screen."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from penstock_tui.query import HELP
from penstock_tui.rooms.names import RoomName
from penstock_tui.widgets.columns import COLUMNS

__all__ = ["KEYS", "HelpScreen"]

KEYS = (
    ("Rooms", tuple((room.key, f"{room}: {room.help}") for room in RoomName)),
    (
        "Request log",
        (
            ("↑ ↓  k j", "newer, older; moving away from the newest ends following"),
            ("PgUp PgDn", "a page"),
            ("Home g", "the newest, and follow it"),
            ("End G", "the oldest"),
            ("f", "follow the newest, or stay"),
            (
                "s  S",
                "sort by the next column; the other way. So does a click on a title. After the last column, and "
                "with Esc, the newest is on top again",
            ),
            ("→ ←  l h", "the columns there is no room for; and back"),
            ("Enter", "open the exchange"),
            ("/", "filter; Enter keeps it, Esc clears it"),
            ("Ctrl+F", "find; n and N go to the next and the one before"),
            ("y  Y", "copy the exchange's id; the person's words"),
            ("drag, Ctrl+C", "select text, and copy it"),
            ("C", "compact old turns of its session at the next request"),
        ),
    ),
    (
        "Detail",
        (
            ("j → / k ←", "the next older, the next newer exchange"),
            ("Tab", "to the other half: overview, blocks"),
            ("e", "blocks in full, or a line each"),
            ("↑ ↓ PgUp PgDn", "scroll"),
            ("y", "copy the exchange's id"),
            ("Esc", "back"),
        ),
    ),
    (
        "A room",
        (
            ("↑ ↓  j k", "move, or scroll"),
            ("Enter", "open: the requests of a tag or session, the exchange of a compaction"),
            ("y", "copy the name of the row"),
            ("Esc  1", "back to the log"),
        ),
    ),
    (
        "Settings",
        (
            ("Enter", "change the setting; ↑ ↓ go through what it may be, Esc leaves it"),
            ("r", "what the profile says counts again"),
            ("S", "save what was changed as a profile of your own"),
            ("p", "pause editing, or go on"),
            ("c", "compact old turns of every session at its next request"),
        ),
    ),
    (
        "Everywhere",
        (
            ("t", "dark or light"),
            ("Ctrl+P", "all commands, all themes"),
            ("?", "this page"),
            ("q", "quit; the proxy goes on"),
        ),
    ),
)


class HelpScreen(ModalScreen[None]):
    """Over whatever was there. Any of the ways out leads back to it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 100%; max-width: 108; height: 100%; max-height: 58;
        background: $surface; border: round $primary; padding: 0 2; scrollbar-size: 1 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Back"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = "Help"
            page.border_subtitle = "Esc goes back"
            yield Static(_page())

    def action_down(self) -> None:
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        self.query_one(VerticalScroll).scroll_up(animate=False)


def _page() -> Group:
    parts: list[Padding] = [_section(title, list(keys)) for title, keys in KEYS]
    parts.append(_section("Filter", list(HELP)))
    parts.append(_section("Columns", [(column.title, column.help) for column in COLUMNS]))
    return Group(*parts)


def _section(title: str, lines: list[tuple[str, str]]) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=24, style="bold")
    table.add_column(ratio=1)
    for name, meaning in lines:
        table.add_row(Text(name), Text(meaning))
    return Padding(Group(Text(title, style="bold underline"), table), (1, 0, 0, 0))
