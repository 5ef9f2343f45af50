"""`CompactionsView`: the compactions view: a table of compactions and flushes, with what was removed, when and why;
Enter shows the text of a record or summary."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from penstock.base.format import plural
from penstock_tui.dialogs.text import ReadingScreen
from penstock_tui.exchange.summaries import Summary, read_summary
from penstock_tui.format import clock_time, count, full_time, percent
from penstock_tui.log.row import Row
from penstock_tui.log.stats.compactions import Compaction
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import Words
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.wrapped_text import Line, labelled, section

__all__ = ["CompactionsView"]

FULL = 0.85
"""The share of a window from which it is compacted at once."""
_STATES = {
    "landed": ("✓ landed", "good"),
    "pending": ("… pending", "accent"),
    "left out": ("- left out", "dim"),
}


def _what(one: Compaction, _moment: Moment) -> Cell:
    return (f"flush of {plural(one.edits, 'edit')}", "strong") if one.is_flush else (one.stage, "")


def _tokens(one: Compaction, _moment: Moment) -> Cell:
    return f"{count(one.before)} → {count(one.after)}", ""


def _freed(one: Compaction, _moment: Moment) -> Cell:
    if one.state != "landed":
        return "", ""
    return count(one.freed), "good" if one.freed > 0 else "bad" if one.freed < 0 else "dim"


def _segments(one: Compaction, _moment: Moment) -> Cell:
    """What a compaction covers; of a flush, how many compactions were applied in it."""
    return (str(one.segments) if one.segments else "", "") if one.is_flush else (one.covers, "")


def _watermark(one: Compaction, _moment: Moment) -> Cell:
    share = one.watermark
    return (f"~{percent(share)}" if share is not None else ""), "warn" if (share or 0) >= FULL else ""


class CompactionsView(BackgroundTaskView, TableView[Compaction]):
    """The newest first: each compaction, and each flush with the sum of what was applied in it."""

    NAME = ViewName.COMPACTIONS
    OFFERS = (("Open the exchange", "Show the request that the compaction landed in", "exchange"),)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "exchange", "Exchange")]

    def columns(self) -> Sequence[Column[Compaction]]:
        """The columns need tags, which compactions do not have."""
        return (
            Column("time", 9, 4, "", lambda one, moment: (clock_time(one.at, moment.now), "dim")),
            Column("client", 11, 9, "", lambda one, _: (one.client, "")),
            Column("turn", 4, 6, "", lambda one, _: (str(one.turn) if one.turn else "", ""), True),
            Column("what", 17, 3, "", _what),
            Column("state", 10, 1, "", lambda one, _: _STATES.get(one.state, (one.state, ""))),
            Column("segments", 11, 8, "", _segments),
            Column("tokens", 15, 11, "", _tokens, True),
            Column("removed", 7, 2, "", _freed, True),
            Column("watermark", 9, 7, "", _watermark, True),
            Column("flush reason", 14, 5, "", lambda one, _: (one.why, "dim"), grows=True),
            Column("tags covered", 16, 10, "", lambda one, _: (", ".join(self._tags(one)), "accent")),
            Column("summary", 22, 12, "", lambda one, _: (" ".join(one.summary.split()), "dim")),
        )

    def words(self) -> Words | None:
        if self.feed.model.compactions.rows:
            return None
        return "Nothing was compacted yet", [
            "Old turns are compacted once the provider's cache is cold, or the window is nearly full.",
            "penstock compact   asks for it now.",
        ]

    def head(self, now: float) -> list[Fact]:
        known = self.feed.model.compactions
        if not known.rows:
            return []
        return [
            Fact(f"{known.landed:,} landed", 2),
            Fact(f"{count(known.freed)} tokens removed", 3, "good" if known.freed >= 0 else "bad"),
            Fact(f"{known.waiting:,} pending" if known.waiting else "", 4, "accent"),
            Fact(plural(known.flushes, "flush", "flushes"), 5),
            self.cut(len(known.rows)),
        ]

    def rows(self) -> Sequence[tuple[str, Compaction]]:
        return [(one.key, one) for one in reversed(self.feed.model.compactions.rows)]

    def open(self, key: str) -> None:
        """Show the text of the record or summary; for a flush, which has none, its exchange."""
        one = self.feed.model.compactions.get(key)
        if one is None or one.is_flush:
            self._open_exchange(key)
            return
        self.in_background("read it", partial(read_summary, self.feed.path, one), partial(self._read, key, one))

    def _read(self, key: str, one: Compaction, found: Summary) -> None:
        def leave(pressed: str | None) -> None:
            if pressed == "o":
                self._open_exchange(key)

        lines = _lines(one, self._tags(one), found)
        self.app.push_screen(
            ReadingScreen(f"Compaction, turn {one.turn or '?'}", lines, [("o", "its exchange")]), leave
        )

    def _tags(self, one: Compaction) -> list[str]:
        return self.feed.model.tags.covered(one.conversation, *one.turns) if one.turns[1] else []

    def action_exchange(self) -> None:
        if self.table.chosen:
            self._open_exchange(self.table.chosen)

    def _open_exchange(self, key: str) -> None:
        row = self._row(key)
        if row is None:
            self.notify("Its request is too old: the log on the screen does not hold it any more.", severity="warning")
            return
        self.app.push_screen(DetailScreen(row, self.feed, self.changed, self._walk))

    def name_of(self, key: str) -> str:
        return self._exchange(key)

    def _walk(self, row: Row, step: int) -> Row | None:
        """From the detail: the exchange of the next row that is about another one. The cursor goes along."""
        key = self.table.chosen
        while key := self.table.neighbour(key, step):
            found = self._row(key)
            if found is not None and found is not row:
                self.table.choose(key)
                return found
        return None

    def _row(self, key: str) -> Row | None:
        return self.feed.model.row(self._exchange(key))

    def _exchange(self, key: str) -> str:
        one = self.feed.model.compactions.get(key)
        return one.exchange if one is not None else ""


def _lines(one: Compaction, tags: Sequence[str], found: Summary) -> list[Line]:
    """All that is known of a compaction."""
    state, tone = _STATES.get(one.state, (one.state, "plain"))
    water = "not known" if one.watermark is None else f"~{percent(one.watermark)} of the window would have been full"
    facts: list[Line] = [
        labelled("state", (state, tone or "plain"), (f", {full_time(one.at)}, by {one.stage}", "plain")),
        labelled("covers", (one.covers or "not said", "plain")),
        labelled(
            "tokens", (f"{count(one.before)} → {count(one.after)}", "plain"), (f", {count(one.freed)} removed", "good")
        ),
        labelled("watermark", (water, "plain")),
        labelled("flush reason", (one.why or "not said", "plain")),
        labelled("tags covered", (", ".join(tags) or "none known", "accent" if tags else "dim")),
        labelled("original", (f"penstock expand {one.handle}" if one.handle else "none", "plain")),
    ]
    title = "What stands there now" if found.is_whole else "How what stands there begins, as the log has it"
    return [
        *section("Compaction", facts),
        *section(title, _text(found.text or "Nothing: the log keeps no texts.")),
        *section("The original", _text(found.original)),
    ]


def _text(text: str) -> list[Line]:
    return [((row.expandtabs(), "plain"),) for row in text.split("\n")] if text else []
