"""`FilterLine`: the input line for a filter of the request log, or for a search in it (`Mode`). Shows below the text
why it is no filter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from penstock_tui.log.query import Query, QueryError, parse

__all__ = ["FilterLine", "Mode"]


class Mode(StrEnum):
    """What the text is used for."""

    FILTER = "filter"
    """Hide what does not match."""
    FIND = "find"
    """Go to what matches."""


_HINTS = {
    Mode.FILTER: "Plain words match any column. Terms: kind:main client:codex status:5xx is:failed -kind:side",
    Mode.FIND: "Enter, then n and N for the next ones. The same terms as in a filter.",
}


class FilterLine(Vertical):
    """Hidden until opened. Errors are shown below the text."""

    DEFAULT_CSS = """
    FilterLine { height: auto; background: $panel; display: none; }
    FilterLine Horizontal { height: 1; }
    FilterLine #mode { width: auto; padding: 0 1; color: $text-accent; text-style: bold; }
    FilterLine Input, FilterLine Input:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel;
    }
    FilterLine #counted { width: auto; padding: 0 1; color: $foreground 60%; }
    FilterLine #hint { height: auto; max-height: 3; padding: 0 1; color: $foreground 60%; }
    FilterLine.-wrong #hint { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Clear", show=False)]

    @dataclass
    class Edited(Message):
        """The text was changed to a valid one."""

        mode: Mode
        query: Query

    @dataclass
    class Accepted(Message):
        """Enter was pressed: keep the text."""

        mode: Mode

    @dataclass
    class Cancelled(Message):
        """Esc was pressed: drop the text."""

        mode: Mode

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.mode = Mode.FILTER
        self._counted = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("filter", id="mode")
            yield Input(id="words", select_on_focus=False)
            yield Static("", id="counted")
        yield Static("", id="hint", markup=False)

    def open(self, mode: Mode, text: str) -> None:
        """Show the line with `text`, and edit it."""
        self.mode = mode
        self.display = True
        self.query_one("#mode", Static).update(mode.value)
        words = self.query_one(Input)
        words.value = text
        words.cursor_position = len(text)
        words.focus()
        self._hint(_HINTS[mode], wrong=False)
        self.query_one("#hint").display = True

    def rest(self) -> None:
        """Keep the text visible, without the hint."""
        self.query_one("#hint").display = False

    def close(self) -> None:
        self.display = False

    def counted(self, text: str) -> None:
        """Show how many rows are left."""
        if text != self._counted:  # an update costs a layout
            self._counted = text
            self.query_one("#counted", Static).update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        try:
            query = parse(event.value)
        except QueryError as e:
            self._hint(str(e), wrong=True)
            return
        self._hint(_HINTS[self.mode], wrong=False)
        self.post_message(self.Edited(self.mode, query))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.has_class("-wrong"):
            self.post_message(self.Accepted(self.mode))

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self.mode))

    def _hint(self, text: str, *, wrong: bool) -> None:
        self.set_class(wrong, "-wrong")
        self.query_one("#hint", Static).update(f"✗ {text}" if wrong else text)
