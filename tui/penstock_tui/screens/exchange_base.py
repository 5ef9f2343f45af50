"""`ExchangeScreen`: base class of the exchange screen and the context map. It reads the exchange on a thread, follows
it, and moves to the next or previous one. Also the messages that ask the application to open these screens
(`OpenExchange`, `OpenMap`, `OpenWhole`)."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import get_current_worker

from penstock.base.errors import StoreError
from penstock_tui.dialogs.base import Transient
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes
from penstock_tui.log.row import Row
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.key_line import KeyLine

__all__ = ["ExchangeScreen", "OpenExchange", "OpenMap", "OpenWhole", "Walk"]

Walk = Callable[[Row, int], Row | None]
"""A function that gives the exchange next to one, in the order of the list that it was opened from."""


@dataclass
class OpenExchange(Message):
    """A request to show an exchange."""

    row: Row
    walk: Walk
    place: tuple[int, int] | None = None
    """The message and block to scroll to."""


@dataclass
class OpenMap(Message):
    """A request to show the context map of an exchange."""

    row: Row
    walk: Walk


@dataclass
class OpenWhole(Message):
    """A request to show the whole request of an exchange."""

    row: Row
    detail: ExchangeDetail


class ExchangeScreen(Screen[None], Transient):
    """A screen about one exchange, which is read again after each change while it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "Back"),
        Binding("j,right", "walk(1)", "Older", key_display="j", priority=True),
        Binding("k,left", "walk(-1)", "Newer", key_display="k", priority=True),
        Binding("y", "copy", "Copy id", show=False),
    ]

    @dataclass
    class Loaded(Message):
        """The reader's thread has something to show. None: it has not, and `error` says why."""

        row: Row
        found: object
        error: str = ""

    def __init__(self, row: Row, feed: Feed, changed: Signal[Changes], walk: Walk) -> None:
        super().__init__()
        self.row = row
        self.loaded = False
        """Whether the details of `row` are on the screen."""
        self.feed = feed
        self.changed = changed
        self.walk = walk
        self.reader = ExchangeReader(feed.path)
        self._reading = threading.Lock()

    @property
    def is_complete(self) -> bool:
        """Whether all that it shows has been read."""
        return self.loaded

    @abstractmethod
    def body(self) -> ComposeResult:
        """The widgets between the facts and the keys."""

    @abstractmethod
    def head(self) -> list[Fact]:
        """The facts above the body, without the exchange's position in the log."""

    @abstractmethod
    def readings(self, wanted: Wanted) -> Iterator[object]:
        """The parts of what is shown, one after the other; iterated on a thread. Raises `StoreError`."""

    @abstractmethod
    def show(self, found: object) -> None:
        """Show a part of what was read."""

    @property
    def wanted(self) -> Wanted:
        """Which exchange to read from the log."""
        return Wanted.of(self.row, self.feed.model.earlier(self.row))

    def compose(self) -> ComposeResult:
        yield FittedLine(id="head")
        yield from self.body()
        yield KeyLine()

    def on_mount(self) -> None:
        self.changed.subscribe(self, self.take)
        self.load()

    def on_unmount(self) -> None:
        self.changed.unsubscribe(self)  # a signal keeps whom it calls until it is given again

    def take(self, changes: Changes) -> None:
        """Follow the exchange: read it again if it changed."""
        if self.row in changes.changed:
            self.load()

    def go_to(self, row: Row) -> None:
        """Show another exchange."""
        self.row = row
        self.loaded = False
        self.load()

    def action_close(self) -> None:
        self.dismiss()

    def action_walk(self, step: int) -> None:
        found = self.walk(self.row, step)
        if found is None:
            self.notify("That was the oldest." if step > 0 else "That is the newest.", timeout=2)
            return
        self.go_to(found)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.row.id)
        self.notify(f"Copied the id {self.row.id}", markup=False)

    def load(self) -> None:
        """Read the exchange, and show what is known of it meanwhile."""
        self.draw_head()
        read = partial(self._read, self.row, self.readings(self.wanted))
        self.run_worker(read, thread=True, exclusive=True, group="reading")

    def draw_head(self) -> None:
        """Update the facts."""
        rows = self.feed.model.rows
        place = Fact(f"{len(rows) - self.feed.model.index_of(self.row):,} of {len(rows):,}", 4, "dim")
        self.query_one("#head", FittedLine).show([*self.head(), place])

    def _read(self, row: Row, readings: Iterable[object]) -> None:
        """On a thread. Who pages fast does not wait for the exchanges in between."""
        worker = get_current_worker()
        with self._reading:
            if worker.is_cancelled:
                return
            try:
                for found in readings:
                    self.post_message(self.Loaded(row, found))
            except (StoreError, OSError, ValueError, TypeError) as e:
                self.post_message(self.Loaded(row, None, str(e)))

    @on(Loaded)
    def _loaded(self, event: Loaded) -> None:
        if event.row is not self.row:
            return
        if event.found is None:
            self.notify(event.error, title="The log cannot be read", severity="error", markup=False)
            return
        self.show(event.found)
        self.draw_head()
