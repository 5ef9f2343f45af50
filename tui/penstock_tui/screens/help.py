"""`HelpScreen`: the help: every key, column and filter term."""

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

from penstock_tui.dialogs.base import Transient
from penstock_tui.log.query import HELP
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.columns import COLUMNS

__all__ = ["KEYS", "HelpScreen"]

KEYS = (
    ("Views", tuple((view.key, f"{view}: {view.help}") for view in ViewName)),
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
            ("b", "group by session, the one that began last on top; again: as before"),
            ("c", "choose which columns are shown; they are remembered"),
            ("→ ←  l h", "the columns there is no room for; and back"),
            ("Enter", "open the exchange: what was done with it and why, what it cost, its answer"),
            ("d", "what was sent of it against what was received"),
            ("m", "its context map: what fills the model's window"),
            ("/", "filter; Enter keeps it, Esc clears it"),
            ("Ctrl+F", "find; n and N go to the next and the one before"),
            ("y  Y", "copy the exchange's id; the user's prompt"),
            ("drag, Ctrl+C", "select text, and copy it"),
            ("C", "compact old turns of its session at the next request"),
        ),
    ),
    (
        "Detail",
        (
            ("j → / k ←", "the next older, the next newer exchange"),
            ("Tab", "to the other half"),
            ("d", "what was sent against what was received; again: the blocks"),
            ("x", "its edits: ✎ landed, ❄ frozen, … pending, ✗ left out; again: the blocks"),
            ("e", "in full, or a line each"),
            ("m", "its context map"),
            (
                "f",
                "the whole request, from the memory of the proxy that is up; there Tab turns from what was received "
                "to what was forwarded, w saves both as JSON",
            ),
            ("w", "save it as JSON, to a file that you name"),
            ("↑ ↓ PgUp PgDn", "scroll"),
            ("y", "copy the exchange's id"),
            ("Esc", "back"),
        ),
    ),
    (
        "Context map",
        (
            ("j → / k ←", "that of the next older, the next newer exchange"),
            ("↑ ↓", "along the findings"),
            ("Enter", "to the block, or the exchange, that a finding is about"),
            ("i m", "inspect the exchange"),
            ("Tab", "from the findings to the map, to scroll it"),
            ("Esc", "back"),
        ),
    ),
    (
        "A view",
        (
            ("↑ ↓  j k", "move, or scroll"),
            ("Enter", "open: the requests of a tag or session, the text of a compaction, a memory"),
            ("y", "copy the name of the row"),
            ("x  h", "in sessions: write it as JSON for analysis, as an HTML page with plots to share"),
            ("/  s  o  c", "in replay: choose a file, stop, its log and back, a cold or a warm cache"),
            ("Esc  1", "back to the log"),
        ),
    ),
    ("Compactions", (("o", "the exchange that it landed in"),)),
    (
        "Sessions",
        (
            ("l", "label: a name of your own, which session: in a filter finds as well"),
            ("d", "delete: says first what goes, and asks"),
        ),
    ),
    (
        "Budget",
        (
            ("r", "raise the one under the cursor, by an amount or until half is free"),
            ("s", "set a limit, of it or of all of a sort"),
            ("x", "count from nothing again"),
        ),
    ),
    (
        "Memory",
        (
            ("/", "search; Esc goes back to the newest"),
            ("o", "one project, or all"),
            ("e p d", "edit, pin or unpin, forget"),
            ("n b", "the next page, the page before"),
            ("[ ]", "the window of the session that was active before, or after"),
            ("r", "read again"),
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
        "Gateway",
        (
            ("d", "revoke the key; asks first"),
            ("Tab", "from the keys to limits and usage, to scroll them"),
            ("Enter", "on a key: its limits, usage by day, newest requests; ↵ marks those that Enter finds in the log"),
        ),
    ),
    (
        "Everywhere",
        (
            ("t", "dark or light"),
            ("Ctrl+P", "all commands by name, all themes; shut the proxy down"),
            ("?", "this page"),
            ("q", "quit; the proxy goes on"),
            ("--web", "`penstock tui --web` is this screen in a browser of this machine"),
        ),
    ),
)


class HelpScreen(ModalScreen[None], Transient):
    """The help, shown over the current screen; closing it returns there."""

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
