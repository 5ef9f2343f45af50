"""`FittedLine`: a widget with one line of facts (`Fact`), which drops the less important ones when the width is too
small (`choose`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.strip import Strip
from textual.widget import Widget

from penstock_tui.widgets.cell_width import fitted, strip_of, width_of
from penstock_tui.widgets.tones import Tones

__all__ = ["Fact", "FittedLine", "choose"]

BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Fact:
    """One part of the line."""

    text: str
    priority: int
    """1 is dropped last."""
    tone: str = "plain"


def choose(facts: Sequence[Fact], width: int) -> list[Fact]:
    """The `facts` that together fit `width`, chosen by priority, in their own order. The one of highest priority is
    always kept."""
    chosen: list[Fact] = []
    left = width
    for fact in sorted((fact for fact in facts if fact.text), key=lambda one: one.priority):
        need = width_of(fact.text) + (len(BETWEEN) if chosen else 0)
        if need > left and chosen:
            continue
        chosen.append(fact)
        left -= need
    return [fact for fact in facts if fact in chosen]


class FittedLine(Widget):
    """A widget that shows facts on one line."""

    DEFAULT_CSS = "FittedLine { height: 1; background: $panel; }"
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tone = Tones(self)
        self._facts: tuple[Fact, ...] = ()

    @property
    def text(self) -> str:
        """The text at the current width."""
        return BETWEEN.join(fact.text for fact in choose(self._facts, self._room))

    def show(self, facts: Sequence[Fact]) -> None:
        """Show `facts` from now on."""
        if tuple(facts) != self._facts:
            self._facts = tuple(facts)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        plain, dim = self.tone("plain"), self.tone("dim")
        parts = [(" ", plain)]
        for i, fact in enumerate(choose(self._facts, self._room)):
            if i:
                parts.append((BETWEEN, dim))
            text = fact.text if width_of(fact.text) <= self._room else fitted(fact.text, self._room)
            parts.append((text, self.tone(fact.tone)))
        return strip_of(parts, self.size.width, plain)

    @property
    def _room(self) -> int:
        return max(self.size.width - 2, 0)
