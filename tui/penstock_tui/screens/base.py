"""`BaseView`: base class of all views, with the bar of views, a line of facts, a body and the proxy's health. Redraws
at most four times a second, while it is visible. `ShowInLog`: the message that asks the application for the log under a
filter."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal

from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.log_model import Changes
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.facts import WAITS, health_facts
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.notice import Notice, words_for
from penstock_tui.widgets.view_bar import ViewBar

__all__ = ["BaseView", "ShowInLog", "Words"]

TICK = 0.25
IDLE_TICKS = 4
"""The number of ticks after which a view is drawn again though nothing happened, since ages and rates change by
themselves."""
Words = tuple[str, list[str]]
"""A title and sentences, where there is nothing to show."""


@dataclass
class ShowInLog(Message):
    """A request to show the log, filtered by `text`."""

    text: str


class BaseView(Screen[None]):
    """Draws itself from the model, at most four times a second, and only while it is on top."""

    NAME: ClassVar[ViewName]
    DEFAULT_CSS = """
    BaseView #body { height: 1fr; }
    """
    OFFERS: ClassVar[Sequence[tuple[str, str, str]]] = ()
    """The commands that the palette offers while the view is on top: title, help, and the action's name."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.view('log')", "Log")]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__()
        self.feed = feed
        self.changed = changed
        self._is_stale = True
        self._ticks = 0

    @property
    def is_complete(self) -> bool:
        """Whether all that the view shows has been read."""
        return True

    @abstractmethod
    def body(self) -> ComposeResult:
        """The widgets in the middle."""

    @abstractmethod
    def draw(self, now: float) -> None:
        """Update the body. Not called while `words` replaces it."""

    @abstractmethod
    def head(self, now: float) -> list[Fact]:
        """The facts above the body."""

    @abstractmethod
    def words(self) -> Words | None:
        """What to show instead of the body when there is nothing to list. None: show the body."""

    def compose(self) -> ComposeResult:
        yield ViewBar(self.NAME)
        yield FittedLine(id="totals")
        yield Notice(id="notice")
        with Vertical(id="body"):
            yield from self.body()
        yield FittedLine(id="health")
        yield KeyLine()

    def on_mount(self) -> None:
        self.changed.subscribe(self, self._note)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.restyle())
        self.set_interval(TICK, self._tick)
        self.show_now()

    def on_screen_resume(self) -> None:
        self.show_now()

    def restyle(self) -> None:
        """The theme changed: cached drawings have the wrong colours."""
        self._is_stale = True

    def show_now(self) -> None:
        """Draw the current state at once."""
        self._is_stale, self._ticks = False, 0
        now = self.feed.clock.now()
        words = self._words()
        notice, body = self.query_one(Notice), self.query_one("#body")
        notice.display, body.display = words is not None, words is None
        if words is not None:
            notice.show(*words)
        else:
            if self.focused is None:
                self.focus_next()
            self.draw(now)
        waits = [WAITS] if self.selections else []
        self.query_one("#totals", FittedLine).show([Fact(self.NAME.capitalize(), 1, "head"), *waits, *self.head(now)])
        self.query_one("#health", FittedLine).show(health_facts(self.feed))

    def _words(self) -> Words | None:
        """What is amiss with the log comes first."""
        if self.feed.state is not LogState.OPEN:
            return words_for(self.feed, "")
        words = self.words()
        return (words_for(self.feed, "") or words) if words is not None else None

    def _note(self, changes: Changes) -> None:
        self._is_stale = True
        if changes.reset:  # what was selected belongs to a log that is gone
            self.clear_selection()

    def _tick(self) -> None:
        self._ticks += 1
        if self.is_current and (self._is_stale or self._ticks >= IDLE_TICKS):
            self.show_now()
