"""`LogScreen`: the request log, the first screen: every exchange, newest first, live; with filter, search, sorting,
grouping and the choice of columns. Opens an exchange, its differences or its context map; copies its id or prompt;
compacts its session."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock_tui.data.chosen_columns import chosen_columns, remember_columns
from penstock_tui.dialogs.columns import ColumnsScreen
from penstock_tui.exchange.reader import words_of
from penstock_tui.log.feed import Feed
from penstock_tui.log.filtered_rows import Order
from penstock_tui.log.log_model import Changes
from penstock_tui.log.query import Query
from penstock_tui.log.row import Row
from penstock_tui.log.stats.sessions import session_of
from penstock_tui.screens.detail import DetailScreen, Pane
from penstock_tui.screens.exchange_base import OpenMap
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Moment
from penstock_tui.widgets.columns import BY_SESSION, COLUMNS, order_by
from penstock_tui.widgets.facts import health_facts, session_heading, total_facts
from penstock_tui.widgets.filter_line import FilterLine, Mode
from penstock_tui.widgets.fitted_line import FittedLine
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.notice import Notice, words_for
from penstock_tui.widgets.request_table import RequestTable
from penstock_tui.widgets.table import Table
from penstock_tui.widgets.view_bar import ViewBar

__all__ = ["LogScreen"]

TICK = 0.25
TIME = "time"
"""The title of the column by which rows are sorted anyway, so sorting passes it over."""


class LogScreen(Screen[None]):
    """The request log, the first screen. Others are opened from it and return to it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("ctrl+f", "find", "Find"),
        Binding("f", "follow", "Follow"),
        Binding("s", "sort", "Sort"),
        Binding("S", "turn_sort", "Sort the other way", show=False),
        Binding("b", "by_session", "By session"),
        Binding("c", "columns", "Columns", show=False),
        Binding("d", "diff", "What changed"),
        Binding("m", "map", "Map"),
        Binding("n", "again(1)", "Next match", show=False),
        Binding("N", "again(-1)", "Previous match", show=False),
        Binding("y", "copy", "Copy id"),
        Binding("Y", "copy_prompt", "Copy prompt", show=False),
        Binding("C", "compact", "Compact its session", show=False),
        Binding("escape", "back", "All, newest first", show=False),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__()
        self._feed = feed
        self._changed = changed
        self._filter = Query()
        self._find = Query()
        self._frame = 0
        self._followed = True
        """Whether the newest row was followed before rows were sorted."""

    def compose(self) -> ComposeResult:
        yield ViewBar(ViewName.LOG)
        yield FittedLine(id="totals")
        yield Notice(id="notice")
        yield RequestTable(self._heading, id="table")
        yield FilterLine(id="filter")
        yield FittedLine(id="health")
        yield KeyLine()

    def on_mount(self) -> None:
        self._table = self.query_one(RequestTable)
        self._line = self.query_one(FilterLine)
        self._changed.subscribe(self, self.take)
        self.set_interval(TICK, self._tick)
        self._recall_columns()
        self._table.show(self._feed.model.rows, self._filter)
        self._arrange()
        self.show_now()

    def take(self, changes: Changes) -> None:
        """Show what changed. The sums are updated with the next tick, not with every event."""
        self._table.moment = self._moment()
        if changes.reset:
            self.clear_selection()
            self._table.following = self._table.order is None
            self._table.show(self._feed.model.rows, self._filter)
        else:
            self._table.update(changes)
        self._arrange()

    def action_filter(self) -> None:
        self._line.open(Mode.FILTER, self._filter.text)

    def action_find(self) -> None:
        self._line.open(Mode.FIND, "")

    def action_follow(self) -> None:
        if self._table.order is not None:
            self.sort(None)
            self._table.follow(True)
        else:
            self._table.follow(not self._table.following)

    def action_sort(self) -> None:
        """Sort by the next of the visible columns; after the last one, do not sort."""
        titles = [column.title for column, _ in self._table.columns if column.sort is not None and column.title != TIME]
        now = self._table.order.title if self._table.order is not None else ""
        at = titles.index(now) + 1 if now in titles else 0
        self.sort(order_by(titles[at]) if at < len(titles) else None)

    def action_turn_sort(self) -> None:
        order = self._table.order or order_by(TIME)
        if order is not None:
            self.sort(order.turned())

    def action_columns(self) -> None:
        """Choose the columns."""
        shown = [column.title for column, _ in self._table.columns]
        self.app.push_screen(ColumnsScreen(COLUMNS, shown), self._choose_columns)

    def _choose_columns(self, titles: tuple[str, ...] | None) -> None:
        if titles is None:
            return
        self._table.choose_columns(titles)
        try:
            remember_columns(titles)
        except PenstockError as e:
            self.notify(f"The columns are shown, but not remembered: {e}", severity="warning", markup=False)

    def _recall_columns(self) -> None:
        try:
            self._table.choose_columns(chosen_columns())
        except PenstockError as e:
            said = f"The columns that you chose are not shown: {e}. c chooses them again."
            self.notify(said, severity="warning", markup=False)

    def action_by_session(self) -> None:
        """Group requests under a heading for each session, or stop grouping them."""
        self.sort(None if self._table.order == BY_SESSION else BY_SESSION)

    def _heading(self, row: Row) -> str:
        return session_heading(self._feed.model.sessions.get(session_of(row)), row)

    def sort(self, order: Order | None) -> None:
        """Sort the rows. Without an order they are in the order they had before."""
        if self._table.order is None:
            self._followed = self._table.following
        self.clear_selection()
        self._table.sort(self._feed.model.rows, order)
        if order is None and self._followed:
            self._table.follow(True)

    def action_again(self, step: int) -> None:
        if not self._find:
            self.notify("Nothing was searched for yet: Ctrl+F does.", severity="warning")
            return
        row = self._table.find(self._find, step)
        if row is None:
            self.notify(f"Nothing fits “{self._find.text}”.", severity="warning", markup=False)
            return
        self._table.select(row)

    def action_copy(self) -> None:
        row = self._table.cursor
        if row is not None:
            self.app.copy_to_clipboard(row.exchange)
            self.notify(f"Copied the id {row.exchange}", markup=False)

    def action_copy_prompt(self) -> None:
        row = self._table.cursor
        if row is not None:
            self.run_worker(lambda: self._copy_words(row), thread=True, group="copy", exclusive=True)

    def _copy_words(self, row: Row) -> None:
        """The row has only the beginning of them."""
        words = words_of(self._feed.path, row.exchange) or row.prompt
        self.app.call_from_thread(self._copied_words, words)

    def _copied_words(self, words: str) -> None:
        if words:
            self.app.copy_to_clipboard(words)
            self.notify(f"Copied {plural(len(words), 'character')} of the prompt")
        else:
            self.notify("This request has no prompt to copy.", severity="warning")

    def action_back(self) -> None:
        """Undo one step: clear the filter, then the order."""
        if self._filter or self._line.display or self._table.order is None:
            self.action_clear()
        else:
            self.sort(None)

    def action_diff(self) -> None:
        if self._table.cursor is not None:
            self.open(self._table.cursor, Pane.DIFF)

    def action_map(self) -> None:
        if self._table.cursor is not None:
            self.open_map(self._table.cursor)

    def action_compact(self) -> None:
        row = self._table.cursor
        name = session_of(row) if row is not None else ""
        if not name:
            self.notify("What is under the cursor says neither session nor conversation.", severity="warning")
            return
        self.app.commander.compact(name, f"the session {name}")  # type: ignore[attr-defined] # as views do

    def action_clear(self) -> None:
        self._line.close()
        self._set_filter(Query())
        self._table.focus()

    def show_only(self, text: str, query: Query) -> None:
        """Filter by `query`, and show `text` in the filter line as if the user had typed it."""
        self._line.open(Mode.FILTER, text)
        self._set_filter(query)
        self._line.rest()
        self._table.focus()

    @on(FilterLine.Edited)
    def _edited(self, event: FilterLine.Edited) -> None:
        if event.mode is Mode.FILTER:
            self._set_filter(event.query)
        else:
            self._find = event.query

    @on(FilterLine.Accepted)
    def _accepted(self, event: FilterLine.Accepted) -> None:
        if event.mode is Mode.FIND:
            self._back_to_filter()
            self._table.focus()
            if self._find:
                self.action_again(1)
            return
        if self._filter:
            self._line.rest()
        else:
            self._line.close()
        self._table.focus()

    @on(FilterLine.Cancelled)
    def _cancelled(self, event: FilterLine.Cancelled) -> None:
        if event.mode is Mode.FIND:
            self._back_to_filter()
            self._table.focus()
        else:
            self.action_clear()

    @on(Table.TitleClicked)
    def _title_clicked(self, event: Table.TitleClicked) -> None:
        """By this column, then the other way, then not at all."""
        order, begin = self._table.order, order_by(event.title)
        if begin is None or order is None or order.title != event.title:
            self.sort(begin)
        else:
            self.sort(order.turned() if order.falls == begin.falls else None)

    @on(RequestTable.Behind)
    def _behind(self) -> None:
        self._table.show(self._feed.model.rows, self._filter)
        self._arrange()

    @on(RequestTable.Chosen)
    def _chosen(self, event: RequestTable.Chosen) -> None:
        self.open(event.row)

    def select(self, row: Row) -> None:
        """Put the cursor on `row`."""
        self._table.select(row)

    def open(self, row: Row, pane: Pane = Pane.BLOCKS) -> None:
        """Show one exchange; of a keep-alive request, the one whose request it repeats."""
        row = self._feed.model.row(row.exchange) or row
        self.select(row)
        self.app.push_screen(DetailScreen(row, self._feed, self._changed, self._walk, pane=pane))

    def open_map(self, row: Row) -> None:
        """Show the context map of one exchange."""
        row = self._feed.model.row(row.exchange) or row
        self.select(row)
        self.post_message(OpenMap(row, self._walk))

    def _walk(self, row: Row, step: int) -> Row | None:
        """From the detail: the row next to this one, with the cursor going along."""
        found = self._table.neighbour(row, step)
        while found is not None and found.repeats:
            found = self._table.neighbour(found, step)
        if found is not None:
            self._table.select(found)
        return found

    def _back_to_filter(self) -> None:
        """The line shows the filter again, when there is one."""
        if self._filter:
            self._line.open(Mode.FILTER, self._filter.text)
            self._line.rest()
        else:
            self._line.close()

    def _set_filter(self, query: Query) -> None:
        self._filter = query
        self.clear_selection()
        self._table.show(self._feed.model.rows, query)
        self._arrange()
        self.show_now()

    def _arrange(self) -> None:
        """Rows, or the words that stand for them."""
        words = words_for(self._feed, self._filter.text if not self._table.count else "")
        notice = self.query_one(Notice)
        notice.display, self._table.display = words is not None, words is None
        if words is not None:
            notice.show(*words)
        elif self.focused is None:
            self._table.focus()

    def show_now(self) -> None:
        """Update the lines of facts at once."""
        table, is_filtered = self._table, bool(self._filter)
        facts = total_facts(self._feed, table.newer, waits=table.waits, is_filtered=is_filtered)
        self.query_one("#totals", FittedLine).show(facts)
        self.query_one("#health", FittedLine).show(health_facts(self._feed))
        shown, known = self._table.rows, len(self._feed.model.rows)
        self._line.counted(f"{shown:,} of {known:,}" if self._filter else "")

    def _tick(self) -> None:
        self._frame += 1
        self._table.animate_rows(self._moment())
        self.show_now()

    def _moment(self) -> Moment:
        return Moment(self._feed.clock.now(), self._frame)
