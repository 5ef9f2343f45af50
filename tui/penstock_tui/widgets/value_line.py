"""`ValueLine`: an input line for one value, with its validation error below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

__all__ = ["ValueLine"]


class ValueLine(Vertical):
    """Hidden until opened. Enter returns the text if it is valid; Esc cancels."""

    DEFAULT_CSS = """
    ValueLine { height: auto; background: $panel; display: none; }
    ValueLine Horizontal { height: 1; }
    ValueLine #what { width: auto; max-width: 60%; padding: 0 1; color: $text-accent; text-style: bold; }
    ValueLine Input, ValueLine Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    ValueLine #said { height: auto; max-height: 3; padding: 0 1; color: $foreground 60%; }
    ValueLine.-wrong #said { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("up", "turn(-1)", show=False),
        Binding("down", "turn(1)", show=False),
    ]

    @dataclass
    class Given(Message):
        """Enter was pressed on a valid text."""

        what: str
        text: str

    @dataclass
    class Left(Message):
        """Esc was pressed: nothing was entered."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.what = ""
        """The name of what a value is typed for. Empty: the line is closed."""
        self._hint = ""
        self._choices: Sequence[str] = ()
        self._fault: Callable[[str], str] = lambda _: ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("", id="what", markup=False)
            yield Input(id="value", select_on_focus=True)
        yield Static("", id="said", markup=False)

    def open(
        self,
        what: str,
        text: str,
        *,
        label: str = "",
        hint: str = "",
        choices: Sequence[str] = (),
        fault: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Show the line with `text`, and edit it. `fault` gives the error of a text; the arrow keys go through
        `choices`."""
        self.what, self._hint, self._choices, self._fault = what, hint, choices, fault
        self.display = True
        self.query_one("#what", Static).update(label or what)
        self.query_one(Input).value = text
        self.query_one(Input).focus()
        self._say("")

    def close(self) -> None:
        self.what, self.display = "", False

    def refuse(self, what: str, fault: str) -> bool:
        """Show another error of the text that was entered. False: the line is no longer open for it."""
        if not self.what or self.what != what:
            return False
        self._say(fault)
        return True

    def action_cancel(self) -> None:
        self.close()
        self.post_message(self.Left())

    def action_turn(self, step: int) -> None:
        if self._choices:
            at = self._choices.index(self._text) if self._text in self._choices else -min(step, 0)
            self.query_one(Input).value = self._choices[(at + step) % len(self._choices)]

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._say(self._fault(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        fault = self._fault(event.value)
        self._say(fault)
        if not fault:
            self.post_message(self.Given(self.what, event.value))

    @property
    def _text(self) -> str:
        return self.query_one(Input).value

    def _say(self, fault: str) -> None:
        self.set_class(bool(fault), "-wrong")
        self.query_one("#said", Static).update(f"✗ {fault}" if fault else self._hint)
