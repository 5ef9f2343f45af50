"""The budget: what was spent, what may be, and the way out when it is used up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.signal import Signal
from textual.worker import get_current_worker

from penstock.base.format import plural
from penstock_tui.data.budget import BudgetRow, BudgetSnapshot, read_budgets
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.model import Changes
from penstock_tui.names import ViewName
from penstock_tui.screens.base import Words
from penstock_tui.screens.budget_actions import BudgetActions
from penstock_tui.screens.budget_lines import NAME_WIDTH, budget_lines, change_lines, limit_lines
from penstock_tui.screens.text_base import TextView
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.wrapped_text import Line, content_of, section

__all__ = ["BudgetView"]

EVERY = 2.0
"""Seconds between two looks into the store, while the view is on top."""
CHANGES = 20


class BudgetView(BudgetActions, TextView):
    """What was spent is read from the store; what changed, and what providers allow, from the log."""

    NAME = ViewName.BUDGET
    INDENT = NAME_WIDTH + 4
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Choose", show=False, priority=True),
        Binding("up,k", "move(-1)", "Choose", show=False, priority=True),
    ]

    class Read(Message):
        """The thread has looked into the store."""

        def __init__(self, books: BudgetSnapshot) -> None:
            super().__init__()
            self.books = books

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.books: BudgetSnapshot | None = None
        """None: the first look is not back."""
        self._is_reading = False
        self._chosen = ("", "")
        """Scope and name of the one under the cursor, as long as it is there."""

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(EVERY, self._look)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    @property
    def is_complete(self) -> bool:
        return self.books is not None

    def words(self) -> Words | None:
        return None  # a day without limits can still be told

    def head(self, now: float) -> list[Fact]:
        rows = self.books.rows if self.books is not None else ()
        blocked = sum(row.level == "BLOCKED" for row in rows)
        return [
            Fact(f"⊘ {blocked} blocked: r raises" if blocked else "", 2, "bad"),
            Fact(plural(len(rows), "budget"), 3),
            Fact("without what is under way", 6, "dim"),
        ]

    @property
    def at(self) -> int:
        """The row under the cursor."""
        rows = self.books.rows if self.books is not None else ()
        return next((i for i, row in enumerate(rows) if (row.scope, row.key) == self._chosen), 0)

    def chosen(self) -> BudgetRow | None:
        rows = self.books.rows if self.books is not None else ()
        return rows[self.at] if rows else None

    def action_move(self, step: int) -> None:
        """The cursor goes through the budgets; past the last of them the page moves."""
        rows = self.books.rows if self.books is not None else ()
        at = self.at + step
        if not 0 <= at < len(rows):
            self.action_scroll(step)
            return
        self._chosen = rows[at].scope, rows[at].key
        self.show_now()
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """The row under the cursor; lines before it may be broken into several."""
        page, width = self.query_one(VerticalScroll), self._width
        before = content_of(self.lines(self.feed.clock.now(), width)[: self.at + 1], width, self.INDENT)
        y = before.plain.count("\n") + 1
        if not page.scroll_offset.y <= y < page.scroll_offset.y + page.size.height:
            page.scroll_to(y=max(y - page.size.height // 2, 0), animate=False)

    @property
    def _width(self) -> int:
        return max(self.query_one(VerticalScroll).scrollable_content_region.width, 1)

    def read_again(self) -> None:
        self._look()

    def lines(self, now: float, width: int) -> list[Line]:
        levels = self.feed.model.levels
        changes = list(levels.changes)[-CHANGES:]
        return [
            *section("Budgets", self._spent(width)),
            *section("Changes of level", change_lines(changes, now) or [(("None in this log.", "dim"),)]),
            *section("Providers' own limits", limit_lines(levels.limits, now) or [(("None was told yet.", "dim"),)]),
            *section("The way out", [_WAY_OUT]),
        ]

    def _spent(self, width: int) -> list[Line]:
        books = self.books
        if books is None:
            return [(("Reading the store", "dim"),)]
        lines = budget_lines(books.rows, width, self.at)
        if books.error:
            lines.append(((f"! {books.error}", "warn"),))
        if books.rows and not books.is_limited:
            lines.append((("Nothing is limited:   s   or   penstock budget set day --dollars 20   does that.", "dim"),))
        return lines

    def _look(self) -> None:
        if self.is_current and not self._is_reading and self.feed.state is LogState.OPEN:
            health, now = self.feed.model.health, self.feed.clock.now()
            look = partial(self._read, health.profile, now, dict(health.changed))
            self._is_reading = True
            self.run_worker(look, thread=True, group="budget", name="read the budgets")

    def _read(self, profile: str, now: float, changed: Mapping[str, Any]) -> None:
        """On a thread."""
        books = read_budgets(self.feed.path, profile, now, changed)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Read(books))

    @on(Read)
    def _take(self, event: Read) -> None:
        self._is_reading = False
        if event.books != self.books:
            self.books = event.books
            self.show_now()


_WAY_OUT: Line = (
    ("r", "strong"),
    (" or ", "plain"),
    ("penstock budget raise", "strong"),
    ("  lets what is blocked go on;  ", "plain"),
    ("s", "strong"),
    (" or ", "plain"),
    ("penstock budget set", "strong"),
    (" changes a limit;  ", "plain"),
    ("x", "strong"),
    (" counts from nothing again;  ", "plain"),
    ("penstock budget show", "strong"),
    (" also counts what is under way.", "plain"),
)
