"""`MemoryView`: the memory view: how full a session's window is, and a table of memories, with search and pages. The
keys that act on one memory are in `memory_actions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.signal import Signal
from textual.widgets import Static

from penstock.base.format import plural
from penstock.base.readable import one_line
from penstock_tui.data.memory import PAGE, MemoryPage, Remembered
from penstock_tui.dialogs.ask import AskScreen
from penstock_tui.dialogs.choose import ChooseScreen
from penstock_tui.format import age, count
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.health import Proxy
from penstock_tui.log.log_model import Changes
from penstock_tui.log.model_windows import window_of
from penstock_tui.log.stats.sessions import Session
from penstock_tui.screens.base import Words
from penstock_tui.screens.memory_actions import MemoryActions
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.window_gauge import Fullness, Thresholds, thresholds_of
from penstock_tui.widgets.wrapped_text import content_of

__all__ = ["MemoryView"]

EVERY = 10.0
"""Seconds between two looks at what a proxy remembers, while the view is on top."""


def _age(one: Remembered, moment: Moment) -> Cell:
    return ("?" if one.at is None else age(max(moment.now - one.at, 0))), "dim"


def _found(one: Remembered, _moment: Moment) -> Cell:
    return ("" if one.sure is None else f"{one.sure:+.2f}"), "accent"


class MemoryView(MemoryActions, TableView[Remembered]):
    """A table of memories: the newest first, a page at a time, or the results of a search, the best first. Read again
    each time the view is opened and after each change."""

    NAME = ViewName.MEMORY
    DEFAULT_CSS = """
    MemoryView #fullness { height: auto; padding: 0 1; }
    MemoryView #said { height: auto; padding: 1 2; }
    Screen.-low #fullness { display: none; }
    """
    COLUMNS: ClassVar[tuple[Column[Remembered], ...]] = (
        Column("age", 4, 3, "", _age, True),
        Column("pin", 3, 2, "", lambda one, _: ("⚑" if one.pinned else "", "warn")),
        Column("score", 6, 4, "", _found, True),
        Column("project", 12, 5, "", lambda one, _: (_project(one.project), "")),
        Column("tag", 14, 6, "", lambda one, _: (", ".join(one.tags), "accent")),
        Column("by", 9, 8, "", lambda one, _: (one.role, "dim")),
        Column("tokens", 6, 7, "", lambda one, _: (count(one.tokens), ""), True),
        Column("text", 20, 1, "", lambda one, _: (one.line, "plain"), grows=True),
    )
    OFFERS = (
        ("Search the memory", "Find what is remembered, as recall does", "search"),
        ("Project", "Show what is remembered of one project, or of all", "project"),
        ("Edit the memory", "Give the one under the cursor another text", "edit"),
        ("Pin the memory", "Keep the one under the cursor for good, or not", "pin"),
        ("Forget the memory", "Delete the one under the cursor for good", "forget"),
        ("Read the memory again", "Look at what is remembered by now", "read"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("o", "project", "Project"),
        Binding("left_square_bracket", "session(-1)", "Session", key_display="["),
        Binding("right_square_bracket", "session(1)", show=False),
        Binding("n", "page(1)", "Next page", show=False),
        Binding("b", "page(-1)", "Page before", show=False),
        Binding("r", "read", "Read again", show=False),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.page: MemoryPage | None = None
        """The page that is shown. None: none was read yet."""
        self._wanted = MemoryPage()
        """The project, search and page to read."""
        self._session = ""
        """The session whose window is shown. Empty: the one active last."""
        self._thresholds: tuple[tuple[str, int], Thresholds] | None = None

    # ---------------------------------------------------------------- what is shown

    @property
    def is_complete(self) -> bool:
        return self.page is not None and not self.is_reading

    def body(self) -> ComposeResult:
        yield Static(id="fullness")
        yield from super().body()
        yield Static(id="said", markup=False)

    def words(self) -> Words | None:
        return None  # what is remembered outlives the log

    def head(self, now: float) -> list[Fact]:
        page = self.page
        if page is None or page.error:
            return [Fact("reading" if self.is_reading else "", 2, "dim")]
        first, last = page.skip + 1, page.skip + len(page.items)
        found = f"“{page.query}”: {len(page.items)} found, Esc ends the search" if page.query else ""
        pages = f"{first:,} to {last:,}, n b turn the page" if page.known > PAGE and not page.query else ""
        return [
            Fact(found, 2, "accent"),
            Fact(_memories(page.known), 3),
            Fact(f"of {_project(page.project)}" if page.project else "", 4, "accent"),
            Fact(f"in {plural(len(page.projects), 'project')}" if not page.project else "", 6),
            Fact(pages, 4, "dim"),
            Fact("; ".join(page.remarks), 5, "warn"),
            Fact("reading" if self.is_reading else "", 7, "dim"),
        ]

    def rows(self) -> Sequence[tuple[str, Remembered]]:
        return [(one.key, one) for one in self.page.items] if self.page is not None else []

    def draw(self, now: float) -> None:
        super().draw(now)
        width = max(self.query_one("#body").content_size.width - 2, 1)
        shown = self.fullness()
        lines = shown.lines(width) if shown is not None else [(("No session in this log yet.", "dim"),)]
        self.query_one("#fullness", Static).update(content_of(lines, width))
        said = self.query_one("#said", Static)
        said.display = not self.rows()
        self.table.display = not said.display
        said.update(self._instead())

    def on_resize(self) -> None:
        self.show_now()

    def fullness(self) -> Fullness | None:
        """How full the window of the chosen session is. None: there is no session."""
        session = self._chosen()
        if session is None:
            return None
        health = self.feed.model.health
        known = health.profile, health.changes
        if self._thresholds is None or self._thresholds[0] != known:
            self._thresholds = known, thresholds_of(health.profile, health.changed)
        thresholds = self._thresholds[1]
        if health.is_paused:
            thresholds = replace(thresholds, remark="editing is paused: nothing is compacted until it goes on")
        where = PurePath(session.project).name
        called = self.feed.model.label_of(session.name) or session.name[:12]
        label = " ".join(filter(None, (session.client or "?", where, called)))
        window = window_of(session.provider, session.model)
        watermark = self.feed.model.compactions.watermark(session.name)
        return Fullness(label, session.prompt, window, thresholds, watermark)

    def _chosen(self) -> Session | None:
        sessions = self.feed.model.sessions
        listed = sessions.listed()
        return sessions.get(self._session) or (listed[0] if listed else None)

    def _instead(self) -> str:
        page = self.page
        if page is None:
            return "Reading the memory …"
        if page.error:
            return f"! {page.error}\n\nr reads it again."
        if page.query:
            return f"Nothing is like “{page.query}”. Esc ends the search, / begins another."
        return "Nothing is remembered here yet. penstock import takes in what Claude Code and Codex wrote down."

    # ---------------------------------------------------------------- looking

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look_again)

    def _look_again(self) -> None:
        """What a proxy remembers meanwhile; a page that was turned to and a search stay as they are."""
        is_first = not self._wanted.query and not self._wanted.skip
        if self.is_current and is_first and self.feed.proxy is Proxy.RUNNING:
            self.action_read()

    def on_screen_resume(self) -> None:
        self.action_read()

    def read_again(self) -> None:
        self.action_read()

    def action_read(self) -> None:
        if self.is_reading or self.feed.state is not LogState.OPEN:
            return
        wanted, profile = self._wanted, self.feed.model.health.profile
        look = partial(self.reader.look, profile, project=wanted.project, query=wanted.query, skip=wanted.skip)
        self.read_in_background("read the memory", look, partial(self._take, wanted))
        self.show_now()

    def _take(self, wanted: MemoryPage, page: MemoryPage) -> None:
        if wanted != self._wanted:
            self.action_read()
            return
        self.page = page
        self.show_now()

    def _want(self, project: str, query: str = "", skip: int = 0) -> None:
        self._wanted = MemoryPage(project=project, query=query, skip=skip)
        self.action_read()

    def action_search(self) -> None:
        where = f"in {one_line(self._wanted.project)}" if self._wanted.project else "in every project"
        hint = f"Words of your own; looked for as recall does, {where}. Nothing: the newest again."
        self.app.push_screen(AskScreen("Search the memory", hint, self._wanted.query), self._search)

    def _search(self, query: str | None) -> None:
        if query is not None:
            self._want(self._wanted.project, query)

    async def action_back(self) -> None:
        if self._wanted.query:
            self._want(self._wanted.project)
        else:
            await self.run_action("app.view('log')")

    def action_page(self, step: int) -> None:
        page = self.page
        if page is None or page.query or (step > 0 and not page.has_more) or (step < 0 and not page.skip):
            return
        self._want(page.project, skip=max(page.skip + step * PAGE, 0))

    def action_project(self) -> None:
        counts = self.page.projects if self.page is not None else {}
        names = ["", *counts]
        choices = [f"{sum(counts.values()):>7,}  every project"]
        choices += [f"{number:>7,}  {one_line(name)}" for name, number in counts.items()]
        at = names.index(self._wanted.project) if self._wanted.project in names else 0

        def take(chosen: int | None) -> None:
            if chosen is not None:
                self._want(names[chosen], self._wanted.query)

        self.app.push_screen(ChooseScreen("Project", choices, at), take)

    def action_session(self, step: int) -> None:
        """Choose the next or previous session whose window is shown."""
        listed, shown = self.feed.model.sessions.listed(), self._chosen()
        if shown is None:
            return
        at = listed.index(shown) - step if shown in listed else 0
        self._session = listed[min(max(at, 0), len(listed) - 1)].name
        self.show_now()

    def item(self, key: str = "") -> Remembered | None:
        """The memory of that key, or the one under the cursor."""
        key = key or self.table.chosen
        return next((one for one in self.page.items if one.key == key), None) if self.page is not None else None

    def name_of(self, key: str) -> str:
        one = self.item(key)
        return one.id if one is not None else key


def _project(name: str) -> str:
    shown = one_line(name)
    return PurePath(shown).name or shown


def _memories(number: int) -> str:
    return f"{number:,} {'memory' if number == 1 else 'memories'}"
