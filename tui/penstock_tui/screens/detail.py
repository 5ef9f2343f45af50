"""One exchange: what is known of it, and the blocks it sent. Follows it while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Static
from textual.worker import get_current_worker

from penstock.errors import StoreError
from penstock_tui.feed import Feed
from penstock_tui.figures import clock_time, duration
from penstock_tui.model import Changes
from penstock_tui.reader import StoryReader, Wanted
from penstock_tui.rows import Row
from penstock_tui.story import Story
from penstock_tui.widgets.block_list import BlockList
from penstock_tui.widgets.columns import COLUMNS, tone_of_row
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.fitting import Moment
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.overview import overview
from penstock_tui.widgets.tones import TONE_CLASSES, tone_of

__all__ = ["DetailScreen"]

TICK = 0.25
Walk = Callable[[Row, int], Row | None]


class DetailScreen(Screen[None]):
    """Opened over the request log; `walk` gives the exchange next to one in the log's order."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    DEFAULT_CSS = """
    DetailScreen Horizontal { height: 1fr; }
    DetailScreen #overview, DetailScreen #blocks { height: 1fr; border: round $foreground 30%; padding: 0 1; }
    DetailScreen #overview, DetailScreen #blocks { border-title-color: $foreground; }
    DetailScreen #blocks { border-subtitle-color: $foreground; }
    DetailScreen #overview:focus, DetailScreen #blocks:focus { border: round $primary; }
    DetailScreen #overview { width: 2fr; scrollbar-size: 1 1; }
    DetailScreen #blocks { width: 3fr; padding: 0; }
    DetailScreen #facts { height: auto; }
    DetailScreen.-narrow #overview, DetailScreen.-narrow #blocks { width: 1fr; }
    DetailScreen.-narrow.-on-blocks #overview { display: none; }
    DetailScreen.-narrow.-on-overview #blocks { display: none; }
    DetailScreen.-low #overview, DetailScreen.-low #blocks { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "Back"),
        Binding("j,right", "walk(1)", "Older", key_display="j", priority=True),
        Binding("k,left", "walk(-1)", "Newer", key_display="k", priority=True),
        Binding("tab", "other", "Overview/blocks"),
        Binding("e", "full", "In full"),
        Binding("y", "copy", "Copy id", show=False),
    ]

    @dataclass
    class Loaded(Message):
        """The reader's thread has the story."""

        row: Row
        story: Story | None
        error: str = ""

    def __init__(self, row: Row, feed: Feed, changed: Signal[Changes], walk: Walk) -> None:
        super().__init__()
        self.row = row
        self.loaded = False
        """Whether the story of `row` is on the screen."""
        self._feed = feed
        self._changed = changed
        self._walk = walk
        self._story = Story()
        self._reader = StoryReader(feed.path)
        self._reading = threading.Lock()
        self._frame = 0

    def compose(self) -> ComposeResult:
        yield FittedLine(id="head")
        with Horizontal():
            with VerticalScroll(id="overview") as pane:
                pane.border_title = "Overview"
                yield Static(id="facts")
            yield BlockList(id="blocks")
        yield KeyLine()

    def on_mount(self) -> None:
        self.add_class("-on-overview")
        self._changed.subscribe(self, self.take)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw())
        self.set_interval(TICK, self._tick)
        self.query_one("#overview").focus()
        self._load()

    def take(self, changes: Changes) -> None:
        """Follow the exchange."""
        if self.row in changes.changed:
            self._load()

    def action_close(self) -> None:
        self.dismiss()

    def action_walk(self, step: int) -> None:
        found = self._walk(self.row, step)
        if found is None:
            self.notify("That was the oldest." if step > 0 else "That is the newest.", timeout=2)
            return
        self.row = found
        self.loaded = False
        self._load()

    def action_other(self) -> None:
        """To the other half; where only one has room, it is the other that is shown."""
        on_blocks = not self.has_class("-on-blocks")
        self.set_class(on_blocks, "-on-blocks")
        self.set_class(not on_blocks, "-on-overview")
        self.query_one("#blocks" if on_blocks else "#overview").focus()

    def action_full(self) -> None:
        self.query_one(BlockList).action_full()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.row.id)
        self.notify(f"Copied the id {self.row.id}", markup=False)

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        if event.row is not self.row:
            return
        if event.story is None:
            self.notify(event.error, title="The log cannot be read", severity="error", markup=False)
            return
        self._story = event.story
        self.query_one(BlockList).show(event.story, from_start=not self.loaded)
        if not self.loaded:
            self.query_one("#overview").scroll_home(animate=False)
        self.loaded = True
        self._draw()

    def _load(self) -> None:
        wanted = Wanted.of(self.row, self._feed.model.earlier(self.row))
        self.run_worker(partial(self._read, self.row, wanted), thread=True, exclusive=True, group="story")

    def _read(self, row: Row, wanted: Wanted) -> None:
        """On a thread. Who pages fast does not wait for the exchanges in between."""
        worker = get_current_worker()
        with self._reading:
            if worker.is_cancelled:
                return
            try:
                self.post_message(self.Loaded(row, self._reader.read(wanted)))
            except (StoreError, OSError, ValueError, TypeError) as e:
                self.post_message(self.Loaded(row, None, str(e)))

    def _tick(self) -> None:
        self._frame += 1
        if self.row.running:
            self._draw()

    def _draw(self) -> None:
        moment = Moment(self._feed.clock.now(), self._frame)
        purse = self._feed.model.purse(self.row)
        self.query_one("#facts", Static).update(overview(self.row, self._story, moment, partial(tone_of, self), purse))
        self.query_one("#head", FittedLine).show(self._head(moment))

    def _head(self, moment: Moment) -> list[Fact]:
        row = self.row
        status, _ = next(one for one in COLUMNS if one.title == "status").cell(row, moment)
        rows = self._feed.model.rows
        place = len(rows) - self._feed.model.index_of(row)
        tone = tone_of_row(row)
        took = duration(max(moment.now - row.at, 0) * 1000) if row.running else duration(row.total_ms)
        return [
            Fact(status, 1, tone if tone in ("warn", "bad") else "strong"),
            Fact(clock_time(row.at, moment.now), 2),
            Fact(" ".join(filter(None, (row.client, row.kind))), 3),
            Fact(f"turn {row.turn}" if row.turn else "", 5),
            Fact(took, 6),
            Fact(f"{place:,} of {len(rows):,}", 4, "dim"),
        ]
