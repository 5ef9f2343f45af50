"""`FindingList`: a selectable list of the context map's findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from penstock_tui.exchange.context.findings import Finding
from penstock_tui.widgets.tones import TONES

__all__ = ["FindingList"]

_SIGNS = {"bad": "✗", "warn": "!"}


class FindingList(OptionList):
    """Enter on a finding goes to its block, if it has one."""

    DEFAULT_CSS = """
    FindingList, FindingList:focus { background: $background; background-tint: $background 0%; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Select"),
        Binding("down", "cursor_down", show=False),
        Binding("up", "cursor_up", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A finding was chosen."""

        finding: Finding

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: tuple[Finding, ...] = ()

    def show(self, found: Sequence[Finding]) -> None:
        """Show these findings. The cursor stays at its position in the list."""
        if tuple(found) == self._found and found:
            return
        at = self.highlighted
        self._found = tuple(found)
        self.border_title = f"Findings · {len(found)}"
        self.clear_options()
        if not found:
            self.add_option(Option("Nothing that is worth a look.", disabled=True))
            return
        self.add_options([Option(_said(one)) for one in found])
        self.highlighted = min(at or 0, len(found) - 1)

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(self._found):
            self.post_message(self.Opened(self._found[event.option_index]))


def _said(one: Finding) -> Content:
    sign = _SIGNS.get(one.tone, "·")
    goes = "  ↵" if one.place or one.exchange else ""
    return Content.assemble((f"{sign} {one.about}  ", TONES[one.tone]), one.text, (goes, TONES["dim"]))
