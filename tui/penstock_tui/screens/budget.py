"""`BudgetView`: the budget view: spending against limits, level changes, providers' limits. Its keys are in
`budget_actions`, its texts in `budget_lines`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.signal import Signal
from textual.widgets import Static

from penstock.base.format import plural
from penstock_tui.data.budget import BudgetRow, BudgetSnapshot, read_budgets
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.log_model import Changes
from penstock_tui.screens.base import Words
from penstock_tui.screens.budget_actions import BudgetActions
from penstock_tui.screens.budget_lines import NAME_WIDTH, budget_lines, change_lines, limit_lines
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.wrapped_text import Line, content_of, section

__all__ = ["BudgetView"]

EVERY = 2.0
"""Seconds between two looks into the store, while the view is on top."""
CHANGES = 20
INDENT = NAME_WIDTH + 4
"""Cells by which the rest of a line that is too long is indented."""


class BudgetView(BudgetActions):
    """Spending is read from the store; changes of level, and what providers allow, from the log."""

    NAME = ViewName.BUDGET
    DEFAULT_CSS = """
    BudgetView VerticalScroll { padding: 0 1; scrollbar-size: 1 1; }
    BudgetView #text { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Choose", show=False, priority=True),
        Binding("up,k", "move(-1)", "Choose", show=False, priority=True),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.snapshot: BudgetSnapshot | None = None
        """The budgets. None: they were not read yet."""
        self._chosen = ("", "")
        """Scope and name of the one under the cursor, as long as it is there."""

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    @property
    def is_complete(self) -> bool:
        return self.snapshot is not None

    def body(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="text")

    def draw(self, now: float) -> None:
        text = content_of(self._lines(now, self._width), self._width, INDENT)
        self.query_one("#text", Static).update(text)

    def on_resize(self) -> None:
        self.show_now()

    def words(self) -> Words | None:
        return None  # a day without limits can still be told

    def head(self, now: float) -> list[Fact]:
        rows = self._rows
        blocked = sum(row.level == "BLOCKED" for row in rows)
        return [
            Fact(f"⊘ {blocked} blocked: r raises" if blocked else "", 2, "bad"),
            Fact(plural(len(rows), "budget"), 3),
            Fact("without what is under way", 6, "dim"),
        ]

    @property
    def at(self) -> int:
        """The index of the row under the cursor."""
        return next((i for i, row in enumerate(self._rows) if (row.scope, row.key) == self._chosen), 0)

    def chosen(self) -> BudgetRow | None:
        return self._rows[self.at] if self._rows else None

    @property
    def _rows(self) -> Sequence[BudgetRow]:
        return self.snapshot.rows if self.snapshot is not None else ()

    def action_move(self, step: int) -> None:
        """Move the cursor through the budgets; past the last one, scroll the page."""
        at = self.at + step
        if not 0 <= at < len(self._rows):
            self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
            return
        self._chosen = self._rows[at].scope, self._rows[at].key
        self.show_now()
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """The row under the cursor; lines before it may be broken into several."""
        page, width = self.query_one(VerticalScroll), self._width
        before = content_of(self._lines(self.feed.clock.now(), width)[: self.at + 1], width, INDENT)
        y = before.plain.count("\n") + 1
        if not page.scroll_offset.y <= y < page.scroll_offset.y + page.size.height:
            page.scroll_to(y=max(y - page.size.height // 2, 0), animate=False)

    @property
    def _width(self) -> int:
        return max(self.query_one(VerticalScroll).scrollable_content_region.width, 1)

    def read_again(self) -> None:
        self._look()

    def _lines(self, now: float, width: int) -> list[Line]:
        levels = self.feed.model.levels
        changes = list(levels.changes)[-CHANGES:]
        return [
            *section("Budgets", self._spent(width)),
            *section("Changes of level", change_lines(changes, now) or [(("None in this log.", "dim"),)]),
            *section("Providers' own limits", limit_lines(levels.limits, now) or [(("None was told yet.", "dim"),)]),
            *section("The way out", [_WAY_OUT]),
        ]

    def _spent(self, width: int) -> list[Line]:
        found = self.snapshot
        if found is None:
            return [(("Reading the store", "dim"),)]
        lines = budget_lines(found.rows, width, self.at)
        if found.error:
            lines.append(((f"! {found.error}", "warn"),))
        if found.rows and not found.is_limited:
            lines.append((("Nothing is limited:   s   or   penstock budget set day --dollars 20   does that.", "dim"),))
        return lines

    def _look(self) -> None:
        if self.is_current and self.feed.state is LogState.OPEN:
            health, now = self.feed.model.health, self.feed.clock.now()
            look = partial(read_budgets, self.feed.path, health.profile, now, dict(health.changed))
            self.read_in_background("read the budgets", look, self._take)

    def _take(self, found: BudgetSnapshot) -> None:
        if found != self.snapshot:
            self.snapshot = found
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
